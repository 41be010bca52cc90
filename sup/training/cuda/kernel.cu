// The training loop of sup.training.kernel for a GPU, and for a host that stands in for one: the same arithmetic contract, the same bits.
//
// A run is a block of LANES threads; thread r is lane r of the contract. The code is a sequence of phases, each between two barriers:
// in a phase, EACH_LANE runs its body once for every lane, as a thread each on a GPU and as a loop on a host. A lane writes only what
// no other lane reads in the same phase, so the order of the lanes does not matter; with SHUFFLED the host runs them in another
// order in each phase, and a barrier that is missing shows in the bits. Nothing is fused and every operation is rounded once.
//
// The compiler is given, as macros: N features, M hidden dimensions, COLUMNS words a sample, KIND of distribution, SETS and SIZES of
// its sets, HIDDEN and OUTPUT activations, TIED, ABSOLUTE, UNIT_NORM, PENALISED, ATTACKED, FIXED, and LANES, SMALL, EVAL_BLOCKS.

enum { INDEPENDENT, CORRELATED, ANTICORRELATED };
enum { NONE, RELU, QUADRATIC, GELU };

typedef unsigned int word;
typedef unsigned long long wide;

#ifdef __CUDACC__
#define FUNCTION static __device__ __forceinline__
#define KERNEL extern "C" __global__ void __launch_bounds__(LANES)
#define EACH_LANE(r) for (int r = threadIdx.x, once = 1; once; once = 0, __syncthreads())
FUNCTION float times(float a, float b) { return __fmul_rn(a, b); }
FUNCTION float plus(float a, float b) { return __fadd_rn(a, b); }
FUNCTION float over(float a, float b) { return __fdiv_rn(a, b); }
FUNCTION float root(float a) { return __fsqrt_rn(a); }
FUNCTION float number(int a) { return __int2float_rn(a); }
FUNCTION float narrow(double a) { return __double2float_rn(a); }
FUNCTION double times(double a, double b) { return __dmul_rn(a, b); }
FUNCTION double plus(double a, double b) { return __dadd_rn(a, b); }
FUNCTION double over(double a, double b) { return __ddiv_rn(a, b); }
#else
#include <math.h>
#define FUNCTION static inline
#define KERNEL extern "C" void
#ifdef SHUFFLED
static thread_local word turn;
FUNCTION int lane(int k) { return (int)((k * (2 * (turn * 2654435761u >> 20) + 1) + (turn * 40503u >> 3)) % LANES); }
#define EACH_LANE(r) for (int once = (++turn, 0), r = lane(0); once < LANES; r = lane(++once))
#else
#define EACH_LANE(r) for (int r = 0; r < LANES; r++)
#endif
FUNCTION float times(float a, float b) { return a * b; }
FUNCTION float plus(float a, float b) { return a + b; }
FUNCTION float over(float a, float b) { return a / b; }
FUNCTION float root(float a) { return sqrtf(a); }
FUNCTION float number(int a) { return (float)a; }
FUNCTION float narrow(double a) { return (float)a; }
FUNCTION double times(double a, double b) { return a * b; }
FUNCTION double plus(double a, double b) { return a + b; }
FUNCTION double over(double a, double b) { return a / b; }
#endif

FUNCTION float minus(float a, float b) { return plus(a, -b); }
FUNCTION double minus(double a, double b) { return plus(a, -b); }
// The product a b, rounded, plus c, rounded.
FUNCTION float madd(float a, float b, float c) { return plus(times(a, b), c); }

#define WEIGHTS (N * M)
#define BY_LANES (WEIGHTS <= SMALL)
#define SUMS (BY_LANES ? WEIGHTS * LANES : WEIGHTS)
#define PAIRS (COLUMNS * LANES / 2)

// What the runs share, and arrays with a leading run axis. Parameters are W (hidden feature), V (hidden feature; of models that are
// not tied) and b (feature), one after the other.
struct Arguments {
  float *parameters, *mean, *square;
  double *power;             // of the betas (run 2)
  const word *keys;          // of the samples (run 2)
  const word *attack_keys;   // (run 2)
  const word *threshold;     // (run feature), or (run set)
  const float *scale, *low;  // (run feature), of independent features
  const float *importance;   // (run feature)
  const float *norm;         // of the attacks (run)
  const float *penalty;      // (run)
  const double *constants;   // of the optimiser (run 5)
  const double *knots;       // of the schedules (run knot 2)
  float *data;               // the fixed data set (run block feature lane)
  float *loss;               // of each block of the fixed draws (run block)
  struct Scratch *scratch;   // (run)
  int runs, knot_count, steps, batch, start, stop;
};

#define PARAMETERS (WEIGHTS * (TIED ? 1 : 2) + N)

// What the lanes of a run share. Lanes come last. What a test of the parts of a block looks at comes first.
struct Scratch {
  float x[N][LANES];               // samples
  float h[M][LANES];               // hidden layer
  word words[2 * PAIRS];
  float gradient[PARAMETERS];      // before the common factor
  float g[N][LANES];               // outputs, then gradients before the output's activation
  float d[M][LANES];               // gradients before the hidden layer's activation
  float bend[M][LANES];            // slopes of the hidden layer's activation
  float seen[ATTACKED ? N : 1][LANES];  // attacked samples
  float gb[N][LANES];              // bias gradient
  float gw[SUMS], gv[TIED ? 1 : SUMS];  // weight gradients, each (hidden feature), with lanes last where they are added up by lanes
  float factor, rate, keep, b1, a1, b2, a2, c1, c2, epsilon;  // of an update
};

FUNCTION void threefry(word k0, word k1, word low, word high, word *first, word *second) {
  const word keys[3] = {k0, k1, k0 ^ k1 ^ 0x1BD11BDAu};
  const int rotations[13] = {13, 15, 26, 6, 17, 29, 16, 24, 13, 15, 26, 6, 17};
  word x0 = low + k0, x1 = high + k1;
  for (int k = 0; k < 13; k++) {
    x0 += x1;
    x1 = ((x1 << rotations[k]) | (x1 >> (32 - rotations[k]))) ^ x0;
    if (k % 4 == 3) {
      x0 += keys[(k / 4 + 1) % 3];
      x1 += keys[(k / 4 + 2) % 3] + k / 4 + 1;
    }
  }
  *first = x0;
  *second = x1;
}

// Lane r's share of `pairs` counters from (start, step) on: first words, then second words.
FUNCTION void draw(word *words, int pairs, const word *keys, word start, word step, int r) {
  for (int q = r; q < pairs; q += LANES) threefry(keys[0], keys[1], start + q, step, &words[q], &words[pairs + q]);
}

FUNCTION float unit(word v) { return times(number((int)v), 4.656612873077393e-10f); }

// The sample of lane r, from the block's words.
FUNCTION void sample(Scratch &s, const Arguments &a, int run, int r) {
#if KIND == 0
  for (int j = 0; j < N; j++) {
    const word v = s.words[j * LANES + r] >> 1;
    const int at = run * N + j;
    s.x[j][r] = v < a.threshold[at] ? madd(number((int)v), a.scale[at], a.low[at]) : 0.0f;
  }
#else
  const int sizes[SETS] = SIZES;
  for (int k = 0, j = 0; k < SETS; k++) {
    const word t = a.threshold[run * SETS + k];
    const word v = s.words[((KIND == CORRELATED ? N : 0) + k) * LANES + r] >> 1;
    for (int c = 0; c < sizes[k]; c++, j++) {
      const word u = s.words[(KIND == CORRELATED ? j : SETS + k) * LANES + r] >> 1;
      const wide place = (wide)v * sizes[k];
      const bool on = KIND == CORRELATED ? v < t : place >= (wide)c * t && place < (wide)(c + 1) * t;
      s.x[j][r] = on ? unit(u) : 0.0f;
    }
  }
#endif
  if (UNIT_NORM) {
    float square = 0.0f;
    for (int j = 0; j < N; j++) square = madd(s.x[j][r], s.x[j][r], square);
    const float norm = root(square);
    for (int j = 0; j < N; j++) s.x[j][r] = over(s.x[j][r], norm > 0.0f ? norm : 1.0f);
  }
}

FUNCTION float tanh_of(float u) {
  u = u < -9.0f ? -9.0f : u > 9.0f ? 9.0f : u;
  const float y = times(u, 0.25f), s = times(y, y);
  float t = over(times(y, madd(plus(s, 105.0f), s, 945.0f)), madd(madd(15.0f, s, 420.0f), s, 945.0f));
  for (int k = 0; k < 2; k++) t = over(plus(t, t), madd(t, t, 1.0f));
  return t;
}

// An activation at z; where it is curved, its slope as well.
FUNCTION float activate(int activation, float z, float *slope) {
  if (activation == NONE) return z;
  if (activation == RELU) return z > 0.0f ? z : 0.0f;
  const float s = times(z, z);
  if (activation == QUADRATIC) {
    *slope = plus(z, z);
    return s;
  }
  const float root_of = 0.7978845608028654f, cubic = 0.044715f, thrice = (float)(3 * 0.044715);
  const float t = tanh_of(times(times(root_of, z), madd(cubic, s, 1.0f)));
  const float half = times(0.5f, z), on = plus(1.0f, t);
  const float rise = times(root_of, madd(thrice, s, 1.0f));
  *slope = madd(times(half, minus(1.0f, times(t, t))), rise, times(0.5f, on));
  return times(half, on);
}

// The gradient before an activation, from that after it, its value and its slope.
FUNCTION float through(int activation, float gradient, float value, float slope) {
  if (activation == NONE) return gradient;
  if (activation == RELU) return value > 0.0f ? gradient : 0.0f;
  return times(gradient, slope);
}

// Sum over features, in order, of W[a][j] x[j] in lane r.
FUNCTION float into_hidden(const float *W, const float (*x)[LANES], int a, int r) {
  float total = 0.0f;
  for (int j = 0; j < N; j++) total = madd(W[a * N + j], x[j][r], total);
  return total;
}

// `total` plus the sum over hidden dimensions, in order, of V[a][j] h[a] in lane r.
FUNCTION float out_of_hidden(const float *V, const float (*h)[LANES], int j, int r, float total) {
  for (int a = 0; a < M; a++) total = madd(V[a * N + j], h[a][r], total);
  return total;
}

FUNCTION float target(float x) { return ABSOLUTE && !(x > 0.0f) ? -x : x; }

// Moves the sample of lane r along the direction in which the open model's output of the drawn feature grows.
FUNCTION void attack(Scratch &s, const float *W, const float *V, float strength, bool live, int r) {
  const word w = s.words[r];
  const int feature = (int)((wide)(w >> 1) * N >> 31);
  float square = 0.0f;
  for (int a = 0; a < M; a++) s.d[a][r] = V[a * N + feature];
  for (int j = 0; j < N; j++) {
    s.seen[j][r] = out_of_hidden(W, s.d, j, r, 0.0f);
    square = madd(s.seen[j][r], s.seen[j][r], square);
  }
  const float norm = root(square);
  const float step = norm > 0.0f && live ? over(w & 1 ? -strength : strength, norm) : 0.0f;
  for (int j = 0; j < N; j++) s.seen[j][r] = madd(step, s.seen[j][r], s.x[j][r]);
}

// Half of the lanes added to the other half, and so on.
FUNCTION float lane_sum(const float *lanes) {
  float sums[LANES / 2];
  for (int q = 0; q < LANES / 2; q++) sums[q] = plus(lanes[q], lanes[q + LANES / 2]);
  for (int half = LANES / 4; half > 0; half /= 2)
    for (int q = 0; q < half; q++) sums[q] = plus(sums[q], sums[q + half]);
  return sums[0];
}

FUNCTION double schedule_factor(const double *knots, int count, double share) {
  int k = 0;
  while (k < count - 2 && share >= knots[2 * k + 2]) k++;
  const double slope = over(minus(knots[2 * k + 3], knots[2 * k + 1]), minus(knots[2 * k + 2], knots[2 * k]));
  return plus(knots[2 * k + 1], times(slope, minus(share, knots[2 * k])));
}

// The scalars of the update after `step` steps.
FUNCTION void next_scalars(Scratch &s, const Arguments &a, int run, int step) {
  const double *constants = a.constants + 5 * run;
  double *power = a.power + 2 * run;
  power[0] = times(power[0], constants[2]);
  power[1] = times(power[1], constants[3]);
  const double share = over((double)step, (double)a.steps);
  const double rate = times(constants[0], schedule_factor(a.knots + 2 * a.knot_count * run, a.knot_count, share));
  s.factor = narrow(over(2.0, times((double)a.batch, (double)N)));
  s.rate = narrow(rate);
  s.keep = narrow(minus(1.0, times(rate, constants[1])));
  s.b1 = narrow(constants[2]);
  s.a1 = narrow(minus(1.0, constants[2]));
  s.b2 = narrow(constants[3]);
  s.a2 = narrow(minus(1.0, constants[3]));
  s.c1 = narrow(over(1.0, minus(1.0, power[0])));
  s.c2 = narrow(over(1.0, minus(1.0, power[1])));
  s.epsilon = narrow(constants[4]);
}

// AdamW on parameter k of a run, whose gradient before the common factor is g.
FUNCTION void update(Scratch &s, const Arguments &a, wide k, float g) {
  g = times(g, s.factor);
  const float mean = plus(times(s.b1, a.mean[k]), times(s.a1, g));
  const float square = plus(times(s.b2, a.square[k]), times(times(s.a2, g), g));
  const float step = over(times(s.rate, times(mean, s.c1)), plus(root(times(square, s.c2)), s.epsilon));
  a.parameters[k] = minus(times(a.parameters[k], s.keep), step);
  a.mean[k] = mean;
  a.square[k] = square;
}

// Lane r of a block of samples, through the model and back: leaves h, g and d, and adds to the gradients that are added up by lanes.
FUNCTION void lane_of_block(Scratch &s, const Arguments &a, const float *W, const float *V, const float *b, int run, bool live, int r) {
  const float (*seen)[LANES] = ATTACKED ? s.seen : s.x;
  for (int k = 0; k < M; k++) s.h[k][r] = activate(HIDDEN, into_hidden(W, seen, k, r), &s.bend[k][r]);
  for (int j = 0; j < N; j++) {
    float slope = 1.0f;
    const float out = activate(OUTPUT, out_of_hidden(V, s.h, j, r, b[j]), &slope);
    const float g = times(a.importance[run * N + j], minus(out, target(s.x[j][r])));
    s.g[j][r] = live ? through(OUTPUT, g, out, slope) : 0.0f;
    s.gb[j][r] = plus(s.gb[j][r], s.g[j][r]);
  }
  for (int k = 0; k < M; k++) {
    const float h = s.h[k][r], sign = h > 0.0f ? 1.0f : h < 0.0f ? -1.0f : 0.0f;
    float d = into_hidden(V, s.g, k, r);
    if (PENALISED) d = plus(d, times(a.penalty[run], sign));
    s.d[k][r] = through(HIDDEN, live ? d : 0.0f, h, s.bend[k][r]);
  }
  if (!BY_LANES) return;
  for (int k = 0; k < M; k++)
    for (int j = 0; j < N; j++) {
      const int at = (k * N + j) * LANES + r;
      float *out = TIED ? s.gw : s.gv;
      s.gw[at] = madd(s.d[k][r], seen[j][r], s.gw[at]);
      out[at] = madd(s.h[k][r], s.g[j][r], out[at]);
    }
}

// Gradient q of a matrix that is added up sample by sample.
FUNCTION float by_samples(const float (*left)[LANES], const float (*right)[LANES], int q, float total) {
  for (int r = 0; r < LANES; r++) total = madd(left[q / N][r], right[q % N][r], total);
  return total;
}

FUNCTION void advance_run(const Arguments &a, int run) {
  Scratch &s = a.scratch[run];
  const wide first = (wide)run * PARAMETERS;
  const float *W = a.parameters + first, *V = TIED ? W : W + WEIGHTS, *b = V + WEIGHTS;
  const int blocks = (a.batch + LANES - 1) / LANES;
  for (int step = a.start; step < a.stop; step++) {
    EACH_LANE(r) {
      for (int j = 0; j < N; j++) s.gb[j][r] = 0.0f;
      for (int q = r; q < SUMS; q += LANES) {
        s.gw[q] = 0.0f;
        if (!TIED) s.gv[q] = 0.0f;
      }
      if (r == 0) next_scalars(s, a, run, step);
    }
    for (int block = 0; block < blocks; block++) {
      const bool drawn = !FIXED || step == a.start;
      const int left = a.batch - block * LANES;
      float *data = FIXED ? a.data + ((wide)run * blocks + block) * N * LANES : 0;
      if (drawn) EACH_LANE(r) draw(s.words, PAIRS, a.keys + 2 * run, (word)(block * PAIRS), FIXED ? 0 : (word)step, r);
      EACH_LANE(r) {
        if (drawn) sample(s, a, run, r);
        for (int j = 0; FIXED && j < N; j++) {
          if (drawn) data[j * LANES + r] = r < left ? s.x[j][r] : 0.0f;
          s.x[j][r] = data[j * LANES + r];
        }
      }
      if (ATTACKED) EACH_LANE(r) draw(s.words, LANES / 2, a.attack_keys + 2 * run, (word)(block * LANES / 2), (word)step, r);
      EACH_LANE(r) {
        if (ATTACKED) attack(s, W, V, a.norm[run], r < left, r);
        lane_of_block(s, a, W, V, b, run, r < left, r);
      }
      if (!BY_LANES) EACH_LANE(r) {
        for (int q = r; q < WEIGHTS; q += LANES) {
          const float (*seen)[LANES] = ATTACKED ? s.seen : s.x;
          float *out = TIED ? s.gw : s.gv;
          out[q] = by_samples(s.h, s.g, q, out[q]);
          s.gw[q] = by_samples(s.d, seen, q, s.gw[q]);
        }
      }
    }
    EACH_LANE(r) {
      for (int q = r; q < PARAMETERS; q += LANES) {
        const int last = PARAMETERS - N, at = q < WEIGHTS ? q : q - WEIGHTS;
        const float *sums = q < WEIGHTS ? s.gw : s.gv;
        s.gradient[q] = q >= last ? lane_sum(s.gb[q - last]) : BY_LANES ? lane_sum(sums + at * LANES) : sums[at];
        update(s, a, first + q, s.gradient[q]);
      }
    }
  }
}

// The loss of every `slices`-th block of the fixed draws.
FUNCTION void evaluate_run(const Arguments &a, Scratch &s, int run, int slice, int slices) {
  const float *W = a.parameters + (wide)run * PARAMETERS, *V = TIED ? W : W + WEIGHTS, *b = V + WEIGHTS;
  for (int block = slice; block < EVAL_BLOCKS; block += slices) {
    EACH_LANE(r) draw(s.words, PAIRS, a.keys + 2 * run, (word)(block * PAIRS), 0, r);
    EACH_LANE(r) {
      float total = 0.0f, slope = 1.0f;
      sample(s, a, run, r);
      for (int k = 0; k < M; k++) s.h[k][r] = activate(HIDDEN, into_hidden(W, s.x, k, r), &slope);
      for (int j = 0; j < N; j++) {
        const float error = minus(activate(OUTPUT, out_of_hidden(V, s.h, j, r, b[j]), &slope), target(s.x[j][r]));
        total = madd(times(a.importance[run * N + j], error), error, total);
      }
      s.gb[0][r] = total;
    }
    EACH_LANE(r) {
      if (r == 0) a.loss[(wide)run * EVAL_BLOCKS + block] = lane_sum(s.gb[0]);
    }
  }
}

#ifdef __CUDACC__
KERNEL advance(Arguments a) { advance_run(a, blockIdx.x); }
KERNEL evaluate(Arguments a) { evaluate_run(a, a.scratch[blockIdx.x * gridDim.y + blockIdx.y], blockIdx.x, blockIdx.y, gridDim.y); }
#else
KERNEL advance(const Arguments *a) {
  for (int run = 0; run < a->runs; run++) advance_run(*a, run);
}
KERNEL evaluate(const Arguments *a) {
  for (int run = 0; run < a->runs; run++) evaluate_run(*a, a->scratch[run], run, 0, 1);
}
extern "C" unsigned long long scratch_bytes() { return sizeof(Scratch); }
#endif
