// libcuda.so.1 for machines without a GPU: the functions of CUDA's driver that the device form asks for. A module is PTX, which
// EMULATED_COMPILER turns into C; a launch runs its blocks one after the other, and the threads of a block from barrier to barrier, in
// another order each time. Memory begins as noise, and an access outside of it fails as on a GPU: the context is then lost.
//
// EMULATED_GPUS is how many there are, EMULATED_MEMORY the bytes of each, EMULATED_VERSION of CUDA the driver supports.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_IMAGE = 200,
       INVALID_CONTEXT = 201, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719 };
enum { MOST = 4096, NOISE = 0xAB, PROCESSORS = 3, SHARED = 101376 };

static struct { uint64_t at, size; int device; } taken[MOST];  // of size 0 where nothing is
static int lost;
static uint64_t chip, chip_size;  // of the block that runs
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int current = -1;

static long setting(const char *name, long otherwise) { const char *text = getenv(name); return text && *text ? atol(text) : otherwise; }
static long gpus(void) { return setting("EMULATED_GPUS", 1); }

static int allocated(uint64_t address, uint64_t size) {
  static __thread int last;
  if (address >= taken[last].at && address + size <= taken[last].at + taken[last].size) return 1;
  for (int k = 0; k < MOST; k++)
    if (address >= taken[k].at && address + size <= taken[k].at + taken[k].size) return last = k, 1;
  return 0;
}

// Whether a thread may use `size` bytes at `address`: in an array, or on the chip.
static int reaches(uint64_t address, uint64_t size) {
  if (address >= chip && address + size <= chip + chip_size) return 1;
  if (allocated(address, size)) return 1;
  fprintf(stderr, "emulated GPU: %d bytes at %#lx are not allocated\n", (int)size, (unsigned long)address);
  return 0;
}

static long used(void) {
  long total = 0;
  for (int k = 0; k < MOST; k++) total += taken[k].device == current ? (long)taken[k].size : 0;
  return total;
}

// Notes that `size` bytes at `address` are there.
static int take(uint64_t address, size_t size, int device) {
  int status = OUT_OF_MEMORY;
  pthread_mutex_lock(&lock);
  for (int k = 0; k < MOST && status; k++)
    if (!taken[k].size) {
      taken[k].at = address, taken[k].size = size, taken[k].device = device;
      status = SUCCESS;
    }
  pthread_mutex_unlock(&lock);
  return status;
}

static int ready(void) { return lost ? ILLEGAL_ADDRESS : current < 0 ? INVALID_CONTEXT : SUCCESS; }

int cuInit(unsigned flags) { return gpus() ? SUCCESS : NO_DEVICE; }
int cuDriverGetVersion(int *version) { *version = (int)setting("EMULATED_VERSION", 13000); return SUCCESS; }
int cuDeviceGetCount(int *found) { *found = (int)gpus(); return SUCCESS; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal < gpus() ? SUCCESS : INVALID_DEVICE; }
int cuDeviceGetName(char *name, int size, int device) { snprintf(name, size, "Emulated GPU %d", device); return SUCCESS; }
int cuDeviceGetUuid_v2(char *uuid, int device) { memset(uuid, 16 + device, 16); return SUCCESS; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  *value = attribute == 75 ? (int)setting("EMULATED_CAPABILITY", 99) : attribute == 76 ? 0 : attribute == 16 ? PROCESSORS : attribute == 97 ? SHARED : attribute == 13 ? 1000000 : -1;
  return *value < 0 ? INVALID_VALUE : SUCCESS;
}
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *)(intptr_t)(device + 1); return SUCCESS; }
int cuCtxSetCurrent(void *context) { current = (int)(intptr_t)context - 1; return ready(); }
int cuDevicePrimaryCtxSetFlags_v2(int device, unsigned flags) { return SUCCESS; }
int cuStreamCreate(void **stream, unsigned flags) { *stream = malloc(1); return ready(); }
int cuStreamDestroy_v2(void *stream) { free(stream); return SUCCESS; }
int cuStreamSynchronize(void *stream) { return ready(); }

int cuMemGetInfo_v2(size_t *available, size_t *total) {
  *total = (size_t)setting("EMULATED_MEMORY", 1l << 30);
  *available = *total - (size_t)used();
  return ready();
}
int cuMemAlloc_v2(uint64_t *address, size_t size) {
  if (ready()) return ready();
  if (used() + (long)size > setting("EMULATED_MEMORY", 1l << 30)) return OUT_OF_MEMORY;
  *address = (uint64_t)aligned_alloc(256, (size + 255) / 256 * 256);
  memset((void *)*address, NOISE, size);
  return take(*address, size, current);
}
int cuMemFree_v2(uint64_t address) {
  for (int k = 0; k < MOST; k++)
    if (taken[k].at == address && taken[k].size) {
      taken[k].size = 0;
      free((void *)address);
      return SUCCESS;
    }
  return INVALID_VALUE;
}
int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t size) {
  if (!allocated(to, size)) return INVALID_VALUE;
  memcpy((void *)to, from, size);
  return ready();
}
int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t size) {
  if (!allocated(from, size)) return INVALID_VALUE;
  memcpy(to, (void *)from, size);
  return ready();
}

int cuModuleLoadData(void **module, const char *image) {
  char folder[] = "/tmp/emulated-XXXXXX", path[64], command[4096];
  if (!strstr(image, ".version") || !mkdtemp(folder)) return INVALID_IMAGE;
  snprintf(path, sizeof path, "%s/kernel.ptx", folder);
  FILE *file = fopen(path, "w");
  fputs(image, file);
  fclose(file);
  snprintf(command, sizeof command, "%s %s %s/kernel.so", getenv("EMULATED_COMPILER"), path, folder);
  int failed = system(command);
  snprintf(path, sizeof path, "%s/kernel.so", folder);
  *module = failed ? 0 : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!*module && !failed) fprintf(stderr, "%s\n", dlerror());
  snprintf(command, sizeof command, "rm -r %s", folder);
  if (system(command) || !*module) return INVALID_IMAGE;
  *(int (**)(uint64_t, uint64_t))dlsym(*module, "gpu_reaches") = reaches;
  return SUCCESS;
}
// A function: its name, and what the translation says of it.
struct Function { int (*run)(char *thread); size_t thread_bytes, argument_bytes; int chip_bytes; };
int cuModuleGetFunction(void **function, void *module, const char *name) {
  char text[256];
  struct Function *found = calloc(1, sizeof *found);
  snprintf(text, sizeof text, "%s_run", name);
  found->run = (int (*)(char *))dlsym(module, text);
  if (!found->run) return NOT_FOUND;
  snprintf(text, sizeof text, "%s_size", name);
  found->thread_bytes = *(size_t *)dlsym(module, text);
  snprintf(text, sizeof text, "%s_parameters", name);
  found->argument_bytes = *(size_t *)dlsym(module, text);
  *function = found;
  return SUCCESS;
}
int cuFuncSetAttribute(struct Function *function, int attribute, int value) {
  function->chip_bytes = value;
  return attribute == 8 && value <= SHARED ? SUCCESS : INVALID_VALUE;
}
int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, struct Function *function, int threads, size_t chip_bytes) {
  *blocks = chip_bytes ? SHARED / (int)chip_bytes : 2048 / threads;
  if (*blocks > 2) *blocks = 2;
  return ready();
}

// The head of a thread, as the translation declares it.
struct Thread { uint32_t tid[3], ntid[3], ctaid[3], nctaid[3]; int at; uint64_t chip, arguments; };

// Runs a block: its threads, in another order each time, from one barrier to the next, which must be the same for all.
static int block(struct Function *function, char *threads, int width, uint32_t *turn) {
  for (;;) {
    int barrier = -2;
    *turn += 1;
    for (int k = 0; k < width; k++) {
      int q = (int)((k * (2 * (*turn * 2654435761u >> 20) + 1) + *turn * 40503u) % (unsigned)width);
      int at = function->run(threads + q * function->thread_bytes);
      if (at < 0) return ILLEGAL_ADDRESS;
      if (barrier != -2 && at != barrier) return fprintf(stderr, "emulated GPU: threads wait at different barriers\n"), LAUNCH_FAILED;
      barrier = at;
    }
    if (barrier == 0) return SUCCESS;
  }
}

int cuLaunchKernel(struct Function *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned chip_bytes, void *stream, void **arguments, void **extra) {
  if (ready() || gy * gz * bz != 1 || !gx || !bx || !by || (int)chip_bytes > function->chip_bytes) return ready() ? ready() : INVALID_VALUE;
  int width = (int)(bx * by), status = SUCCESS;
  uint32_t turn = 0;
  pthread_mutex_lock(&lock);
  char *threads = malloc(width * function->thread_bytes), *given = malloc(function->argument_bytes);
  memcpy(given, arguments[0], function->argument_bytes);
  chip_size = chip_bytes;
  chip = (uint64_t)aligned_alloc(256, (chip_bytes + 256) / 256 * 256);
  for (unsigned b = 0; b < gx && !status; b++) {
    memset((void *)chip, NOISE, chip_bytes);
    memset(threads, NOISE, width * function->thread_bytes);
    for (int k = 0; k < width; k++)
      *(struct Thread *)(threads + k * function->thread_bytes) = (struct Thread){
          .tid = {k % bx, k / bx}, .ntid = {bx, by, 1}, .ctaid = {b}, .nctaid = {gx, 1, 1}, .chip = chip, .arguments = (uint64_t)given};
    status = block(function, threads, width, &turn);
  }
  free((void *)chip);
  free(threads);
  free(given);
  chip = chip_size = 0;
  lost |= status != SUCCESS;
  pthread_mutex_unlock(&lock);
  return status == ILLEGAL_ADDRESS ? SUCCESS : status;  // on a GPU it shows when the launch is waited for
}

// NVRTC looks for a cache in tables of the driver; there are none.
int cuGetExportTable(const void **table, const void *name) {
  static const uint64_t size = 8;
  *table = &size;
  return NOT_FOUND;
}

static int absent(void) { return NOT_FOUND; }
int cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status) {
  char text[256];
  for (int k = 2; k >= 1; k--) {
    snprintf(text, sizeof text, k == 2 ? "%s_v2" : "%s", name);
    *function = dlsym(RTLD_DEFAULT, text);
    if (!*function) {
      void *self = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
      *function = self ? dlsym(self, text) : 0;
    }
    if (*function) break;
  }
  if (!*function) *function = (void *)absent;
  if (status) *status = 0;
  return SUCCESS;
}
int cuGetProcAddress(const char *name, void **function, int version, uint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, 0);
}
