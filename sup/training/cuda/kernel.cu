// The training loop of sup.training.kernel for a GPU, and for a host that stands in for one: the same arithmetic contract, the same bits.
//
// A run is trained by a block of LANES x TEAM threads: thread (r, t) works for lane r of the contract, of which the threads t of a team
// share the features and hidden dimensions, a tile each. The code is a sequence of phases, each between two barriers: in a phase,
// EACH_THREAD runs its body once for every thread, side by side on a GPU and as a loop on a host. A thread writes only what no other
// reads in the same phase, so their order does not matter; with SHUFFLED the host runs them in another order in each phase, and a
// barrier that is missing shows in the bits. Nothing is fused and every operation is rounded once.
//
// The compiler is given, as macros: N features, M hidden dimensions, COLUMNS words a sample, KIND of distribution, SETS and SIZES of
// its sets, HIDDEN and OUTPUT activations, TIED, ABSOLUTE, UNIT_NORM, PENALISED, ATTACKED, FIXED, and LANES, SMALL, EVAL_BLOCKS, TEAM,
// SHARED_BYTES of memory that a block has on its processor, READABLE for a scratch in which nothing is overwritten.

enum { INDEPENDENT, CORRELATED, ANTICORRELATED };
enum { NONE, RELU, QUADRATIC, GELU };

typedef unsigned int word;
typedef unsigned long long wide;

#define THREADS (LANES * TEAM)

#ifdef __CUDACC__
#define FUNCTION static __device__ __forceinline__
#define ALIGNED __align__(16)
#define KERNEL extern "C" __global__ void __launch_bounds__(THREADS)
#define EACH_THREAD(r, t) for (int r = threadIdx.x, t = threadIdx.y, once = 1; once; once = 0, __syncthreads())
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
#define ALIGNED
#define KERNEL extern "C" void
#ifdef SHUFFLED
static thread_local word turn;
FUNCTION int nth(int k) { return (int)((k * (2 * (turn * 2654435761u >> 20) + 1) + (turn * 40503u >> 3)) % THREADS); }
#define EACH_THREAD(r, t) \
  for (int once = (++turn, 0), r = nth(0) % LANES, t = nth(0) / LANES; once < THREADS; ++once, r = nth(once) % LANES, t = nth(once) / LANES)
#else
#define EACH_THREAD(r, t) for (int t = 0; t < TEAM; t++) for (int r = 0; r < LANES; r++)
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
#define PARAMETERS (WEIGHTS * (TIED ? 1 : 2) + N)
#define BY_LANES (WEIGHTS <= SMALL)
#define PAIRS (COLUMNS * LANES / 2)
#define ROW (LANES + 4)  // of a number for each lane: threads that read many rows, four numbers each, find them in different banks
#define CURVED (HIDDEN > RELU)

// How much of `size` a thread of a team adds up at a time, in registers: its share, but at most 8.
#define TILE(size) ((size + TEAM - 1) / TEAM < 8 ? (size + TEAM - 1) / TEAM : 8)
#define TILE_M TILE(M)
#define TILE_N TILE(N)

// What the runs share, and arrays with a leading run axis. Parameters are W (hidden feature), V (hidden feature; of models that are
// not tied) and b (feature), one after the other.
struct Arguments {
  float *parameters, *mean, *square;
  double *power;             // of the betas (run 2)
  const word *keys;          // of the samples (run 2)
  const word *eval_keys;     // of the fixed draws (run 2)
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
  struct Scratch *scratch;   // (slot), of blocks that train at the same time
  int runs, knot_count, steps, batch, start, stop;
};

// What the threads of a run share. Lanes come last. What a test of the parts of a block looks at comes first. On a GPU its
// size is a multiple of 16 bytes, which are loaded at a time. (On a host GCC 12 would make wrong code for it.)
struct ALIGNED Scratch {
  float x[N][ROW];                     // samples
  float h[M][ROW];                     // hidden layer
#ifdef READABLE
  word words[2 * PAIRS];
  float gradient[PARAMETERS];          // before the common factor
  float g[N][ROW];                     // outputs, then gradients before the output's activation
#else
  union {
    word words[2 * PAIRS];             // no longer needed when there are outputs
    float g[N][ROW];
  };
#endif
  float d[M][ROW];                     // gradients before the hidden layer's activation
  float bend[CURVED ? M : 1][ROW];     // slopes of the hidden layer's activation
  float seen[ATTACKED ? N : 1][ROW];   // attacked samples
  float reach[ROW];                    // of the attacks
  float gb[N][ROW];                    // bias gradient
  float gw[WEIGHTS * (BY_LANES ? ROW : 1)], gv[TIED ? 1 : WEIGHTS * (BY_LANES ? ROW : 1)];  // weight gradients (hidden feature), or with lanes
  float parameters[PARAMETERS], mean[PARAMETERS], square[PARAMETERS];
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

// The share of thread (r, t) of `pairs` counters from (start, step) on: first words, then second words.
FUNCTION void draw(word *words, int pairs, const word *keys, word start, word step, int r, int t) {
  for (int q = r + LANES * t; q < pairs; q += THREADS) threefry(keys[0], keys[1], start + q, step, &words[q], &words[pairs + q]);
}

FUNCTION float unit(word v) { return times(number((int)v), 4.656612873077393e-10f); }

// The sample of lane r, from the block's words; of dependent features by the first thread of its team.
FUNCTION void sample(Scratch &s, const Arguments &a, int run, int r, int t) {
#if KIND == 0
  for (int j = t; j < N; j += TEAM) {
    const word v = s.words[j * LANES + r] >> 1;
    const int at = run * N + j;
    s.x[j][r] = v < a.threshold[at] ? madd(number((int)v), a.scale[at], a.low[at]) : 0.0f;
  }
#else
  const int sizes[SETS] = SIZES;
  for (int k = 0, j = 0; t == 0 && k < SETS; k++) {
    const word threshold = a.threshold[run * SETS + k];
    const word v = s.words[((KIND == CORRELATED ? N : 0) + k) * LANES + r] >> 1;
    for (int c = 0; c < sizes[k]; c++, j++) {
      const word u = s.words[(KIND == CORRELATED ? j : SETS + k) * LANES + r] >> 1;
      const wide place = (wide)v * sizes[k];
      const bool on = KIND == CORRELATED ? v < threshold : place >= (wide)c * threshold && place < (wide)(c + 1) * threshold;
      s.x[j][r] = on ? unit(u) : 0.0f;
    }
  }
#endif
}

FUNCTION void to_unit_norm(Scratch &s, int r) {
  float square = 0.0f;
  for (int j = 0; j < N; j++) square = madd(s.x[j][r], s.x[j][r], square);
  const float norm = root(square);
  for (int j = 0; j < N; j++) s.x[j][r] = over(s.x[j][r], norm > 0.0f ? norm : 1.0f);
}

// The samples of a block at a step of the stream of `keys`.
FUNCTION void samples(Scratch &s, const Arguments &a, const word *keys, int run, int block, word step) {
  EACH_THREAD(r, t) draw(s.words, PAIRS, keys + 2 * run, (word)(block * PAIRS), step, r, t);
  EACH_THREAD(r, t) sample(s, a, run, r, t);
  if (UNIT_NORM) EACH_THREAD(r, t) if (t == 0) to_unit_norm(s, r);
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

// Sums over features, in order, of W[a][j] x[j] in lane r, for a tile of hidden dimensions from a on.
FUNCTION void into_hidden(const float *W, const float (*x)[ROW], int a, int r, float *totals) {
  for (int k = 0; k < TILE_M; k++) totals[k] = 0.0f;
  for (int j = 0; j < N; j++)
    for (int k = 0; k < TILE_M; k++) totals[k] = madd(W[(a + k < M ? a + k : M - 1) * N + j], x[j][r], totals[k]);
}

// To `totals`, adds sums over hidden dimensions, in order, of V[a][j] h[a] in lane r, for a tile of features from j on.
FUNCTION void out_of_hidden(const float *V, const float (*h)[ROW], int j, int r, float *totals) {
  for (int a = 0; a < M; a++)
    for (int k = 0; k < TILE_N; k++) totals[k] = madd(V[a * N + (j + k < N ? j + k : N - 1)], h[a][r], totals[k]);
}

// A loop over the tiles of thread t, and one over what a tile holds.
#define EACH_TILE(from, size, tile, t) for (int from = t * tile; from < size; from += TEAM * tile)
#define IN_TILE(k, from, size, tile) for (int k = 0; k < tile; k++) if (from + k < size)

FUNCTION float target(float x) { return ABSOLUTE && !(x > 0.0f) ? -x : x; }

// Moves the samples along the direction in which the open model's output of the drawn feature grows.
FUNCTION void attack(Scratch &s, const float *W, const float *V, float strength, int left) {
  EACH_THREAD(r, t) for (int a = t; a < M; a += TEAM) s.d[a][r] = V[a * N + (int)((wide)(s.words[r] >> 1) * N >> 31)];
  EACH_THREAD(r, t) EACH_TILE(j, N, TILE_N, t) {
    float totals[TILE_N] = {};
    out_of_hidden(W, s.d, j, r, totals);
    IN_TILE(k, j, N, TILE_N) s.seen[j + k][r] = totals[k];
  }
  EACH_THREAD(r, t) if (t == 0) {
    float square = 0.0f;
    for (int j = 0; j < N; j++) square = madd(s.seen[j][r], s.seen[j][r], square);
    const float norm = root(square);
    s.reach[r] = norm > 0.0f && r < left ? over(s.words[r] & 1 ? -strength : strength, norm) : 0.0f;
  }
  EACH_THREAD(r, t) for (int j = t; j < N; j += TEAM) s.seen[j][r] = madd(s.reach[r], s.seen[j][r], s.x[j][r]);
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

// AdamW on parameter k, whose gradient before the common factor is g.
FUNCTION void update(Scratch &s, int k, float g) {
  g = times(g, s.factor);
  const float mean = plus(times(s.b1, s.mean[k]), times(s.a1, g));
  const float square = plus(times(s.b2, s.square[k]), times(times(s.a2, g), g));
  const float step = over(times(s.rate, times(mean, s.c1)), plus(root(times(square, s.c2)), s.epsilon));
  s.parameters[k] = minus(times(s.parameters[k], s.keep), step);
  s.mean[k] = mean;
  s.square[k] = square;
}

// The hidden layer, and the outputs before their activation.
FUNCTION void forward(Scratch &s, const float (*seen)[ROW], const float *W, const float *V, const float *b) {
  EACH_THREAD(r, t) EACH_TILE(a, M, TILE_M, t) {
    float totals[TILE_M], slope = 1.0f;
    into_hidden(W, seen, a, r, totals);
    IN_TILE(k, a, M, TILE_M) {
      s.h[a + k][r] = activate(HIDDEN, totals[k], &slope);
      if (CURVED) s.bend[a + k][r] = slope;
    }
  }
  EACH_THREAD(r, t) EACH_TILE(j, N, TILE_N, t) {
    float totals[TILE_N];
    for (int k = 0; k < TILE_N; k++) totals[k] = b[j + k < N ? j + k : N - 1];
    out_of_hidden(V, s.h, j, r, totals);
    IN_TILE(k, j, N, TILE_N) s.g[j + k][r] = totals[k];
  }
}

// The gradients before the activations, and those of the biases, of the `left` first lanes of a block.
FUNCTION void backward(Scratch &s, const Arguments &a, const float *V, int run, int left) {
  EACH_THREAD(r, t) for (int j = t; j < N; j += TEAM) {
    float slope = 1.0f;
    const float out = activate(OUTPUT, s.g[j][r], &slope);
    const float g = times(a.importance[run * N + j], minus(out, target(s.x[j][r])));
    s.g[j][r] = r < left ? through(OUTPUT, g, out, slope) : 0.0f;
    s.gb[j][r] = plus(s.gb[j][r], s.g[j][r]);
  }
  EACH_THREAD(r, t) EACH_TILE(k, M, TILE_M, t) {
    float totals[TILE_M];
    into_hidden(V, s.g, k, r, totals);
    IN_TILE(c, k, M, TILE_M) {
      const float h = s.h[k + c][r], sign = h > 0.0f ? 1.0f : h < 0.0f ? -1.0f : 0.0f;
      const float d = PENALISED ? plus(totals[c], times(a.penalty[run], sign)) : totals[c];
      s.d[k + c][r] = through(HIDDEN, r < left ? d : 0.0f, h, CURVED ? s.bend[k + c][r] : 1.0f);
    }
  }
}

// Adds up left[a] right[j], sample after sample, for a tile of hidden dimensions from a on.
FUNCTION void by_samples(const float (*left)[ROW], const float (*right)[ROW], int a, int j, float *totals) {
  for (int r = 0; r < LANES; r++)
    for (int k = 0; k < TILE_M; k++) totals[k] = madd(left[a + k < M ? a + k : M - 1][r], right[j][r], totals[k]);
}

// Adds a block's samples to the gradients of the weights.
FUNCTION void weight_gradients(Scratch &s, const float (*seen)[ROW]) {
  float *out = TIED ? s.gw : s.gv;
  if (BY_LANES) {
    EACH_THREAD(r, t) for (int q = t; q < WEIGHTS; q += TEAM) {
      const int a = q / N, j = q % N, at = q * ROW + r;
      s.gw[at] = madd(s.d[a][r], seen[j][r], s.gw[at]);
      out[at] = madd(s.h[a][r], s.g[j][r], out[at]);
    }
    return;
  }
  EACH_THREAD(r, t) for (int q = r + LANES * t; q < (M + TILE_M - 1) / TILE_M * N; q += THREADS) {
    const int a = q / N * TILE_M, j = q % N;
    float totals[TILE_M];
    for (int k = 0; k < TILE_M; k++) totals[k] = out[(a + k < M ? a + k : M - 1) * N + j];
    by_samples(s.h, s.g, a, j, totals);
    IN_TILE(k, a, M, TILE_M) {
      out[(a + k) * N + j] = totals[k];
      if (!TIED) totals[k] = s.gw[(a + k) * N + j];
    }
    by_samples(s.d, seen, a, j, totals);
    IN_TILE(k, a, M, TILE_M) s.gw[(a + k) * N + j] = totals[k];
  }
}

// Copies the state of a run from `from` to `to`.
FUNCTION void copy(float *to, const float *from, int r, int t) {
  for (int q = r + LANES * t; q < PARAMETERS; q += THREADS) to[q] = from[q];
}

FUNCTION void advance_run(const Arguments &a, Scratch &s, int run) {
  const wide first = (wide)run * PARAMETERS;
  const float *W = s.parameters, *V = TIED ? W : W + WEIGHTS, *b = V + WEIGHTS;
  const float (*seen)[ROW] = ATTACKED ? s.seen : s.x;
  const int blocks = (a.batch + LANES - 1) / LANES;
  EACH_THREAD(r, t) {
    copy(s.parameters, a.parameters + first, r, t);
    copy(s.mean, a.mean + first, r, t);
    copy(s.square, a.square + first, r, t);
  }
  for (int step = a.start; step < a.stop; step++) {
    EACH_THREAD(r, t) {
      const int sums = WEIGHTS * (BY_LANES ? ROW : 1);
      for (int j = t; j < N; j += TEAM) s.gb[j][r] = 0.0f;
      for (int q = r + LANES * t; q < sums; q += THREADS) {
        s.gw[q] = 0.0f;
        if (!TIED) s.gv[q] = 0.0f;
      }
      if (r == 0 && t == 0) next_scalars(s, a, run, step);
    }
    for (int block = 0; block < blocks; block++) {
      const bool drawn = !FIXED || step == a.start;
      const int left = a.batch - block * LANES;
      if (drawn) samples(s, a, a.keys, run, block, FIXED ? 0 : (word)step);
      if (FIXED) EACH_THREAD(r, t) for (int j = t; j < N; j += TEAM) {
        float *data = a.data + (((wide)run * blocks + block) * N + j) * LANES + r;
        if (drawn) *data = r < left ? s.x[j][r] : 0.0f;
        s.x[j][r] = *data;
      }
      if (ATTACKED) {
        EACH_THREAD(r, t) draw(s.words, LANES / 2, a.attack_keys + 2 * run, (word)(block * LANES / 2), (word)step, r, t);
        attack(s, W, V, a.norm[run], left);
      }
      forward(s, seen, W, V, b);
      backward(s, a, V, run, left);
      weight_gradients(s, seen);
    }
    EACH_THREAD(r, t) for (int q = r + LANES * t; q < PARAMETERS; q += THREADS) {
      const int last = PARAMETERS - N, at = q < WEIGHTS ? q : q - WEIGHTS;
      const float *sums = q < WEIGHTS ? s.gw : s.gv;
      const float gradient = q >= last ? lane_sum(s.gb[q - last]) : BY_LANES ? lane_sum(sums + at * ROW) : sums[at];
      update(s, q, gradient);
#ifdef READABLE
      s.gradient[q] = gradient;
#endif
    }
  }
  EACH_THREAD(r, t) {
    copy(a.parameters + first, s.parameters, r, t);
    copy(a.mean + first, s.mean, r, t);
    copy(a.square + first, s.square, r, t);
  }
}

// The loss of a block of the fixed draws.
FUNCTION void evaluate_block(const Arguments &a, Scratch &s, int run, int block) {
  const float *W = a.parameters + (wide)run * PARAMETERS, *V = TIED ? W : W + WEIGHTS, *b = V + WEIGHTS;
  samples(s, a, a.eval_keys, run, block, 0);
  forward(s, s.x, W, V, b);
  EACH_THREAD(r, t) if (t == 0) {
    float total = 0.0f, slope = 1.0f;
    for (int j = 0; j < N; j++) {
      const float error = minus(activate(OUTPUT, s.g[j][r], &slope), target(s.x[j][r]));
      total = madd(times(a.importance[run * N + j], error), error, total);
    }
    s.gb[0][r] = total;
  }
  EACH_THREAD(r, t) if (r == 0 && t == 0) a.loss[(wide)run * EVAL_BLOCKS + block] = lane_sum(s.gb[0]);
}

// Trains from step `start` to `stop`: slot by slot, the runs that fall to it.
FUNCTION void advance_slot(const Arguments &a, Scratch &s, int slot, int slots) {
  for (int run = slot; run < a.runs; run += slots) advance_run(a, s, run);
}

// The losses of the blocks from `start` to `stop` of the fixed draws.
FUNCTION void evaluate_slot(const Arguments &a, Scratch &s, int slot, int slots) {
  const wide blocks = a.stop - a.start;
  for (wide k = slot; k < blocks * a.runs; k += slots) evaluate_block(a, s, (int)(k / blocks), a.start + (int)(k % blocks));
}

#ifdef __CUDACC__
extern __shared__ ALIGNED char shared[];
#define SLOT (sizeof(Scratch) <= SHARED_BYTES ? *(Scratch *)shared : a.scratch[blockIdx.x])
KERNEL advance(Arguments a) { advance_slot(a, SLOT, blockIdx.x, gridDim.x); }
KERNEL evaluate(Arguments a) { evaluate_slot(a, SLOT, blockIdx.x, gridDim.x); }
KERNEL measure(wide *scratch_bytes) { *scratch_bytes = sizeof(Scratch); }
#else
KERNEL advance(const Arguments *a) { advance_slot(*a, *a->scratch, 0, 1); }
KERNEL evaluate(const Arguments *a) { evaluate_slot(*a, *a->scratch, 0, 1); }
extern "C" wide scratch_bytes() { return sizeof(Scratch); }
#endif
