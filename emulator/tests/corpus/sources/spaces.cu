// State spaces: constant banks, local arrays, dynamic shared memory, generic pointers, module variables.
#include <cstdint>

__constant__ float filter[9] = {1, 2, 1, 2, 4, 2, 1, 2, 1};
__constant__ unsigned char nibbles[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
struct Limits { short low, high; double scale; const char *name; };
__constant__ Limits limits = {-100, 100, 0.5, "limits"};
__device__ int calls = 3;
__device__ int2 pairs[3] = {{1, 2}, {3, 4}, {5, 6}};
__device__ int *selected = &pairs[1].y;

// 3 x 3 filter with a halo in shared memory.
extern "C" __global__ void blur(const float *image, float *out, int width, int height) {
    __shared__ float tile[10][18];
    int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 8 + threadIdx.y;
    for (int dy = threadIdx.y; dy < 10; dy += 8)
        for (int dx = threadIdx.x; dx < 18; dx += 16) {
            int sx = min(max(int(blockIdx.x) * 16 + dx - 1, 0), width - 1), sy = min(max(int(blockIdx.y) * 8 + dy - 1, 0), height - 1);
            tile[dy][dx] = image[sy * width + sx];
        }
    __syncthreads();
    if (x >= width || y >= height) return;
    float sum = 0;
    for (int dy = 0; dy < 3; ++dy)
        for (int dx = 0; dx < 3; ++dx) sum += filter[dy * 3 + dx] * tile[threadIdx.y + dy][threadIdx.x + dx];
    out[y * width + x] = sum / 16;
}

extern "C" __global__ void transpose(const int *in, int *out, int rows, int columns) {
    __shared__ int tile[16][17];
    int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y;
    if (x < columns && y < rows) tile[threadIdx.y][threadIdx.x] = in[y * columns + x];
    __syncthreads();
    x = blockIdx.y * 16 + threadIdx.x;
    y = blockIdx.x * 16 + threadIdx.y;
    if (x < rows && y < columns) out[y * rows + x] = tile[threadIdx.x][threadIdx.y];
}

// A three-dimensional grid of three-dimensional blocks.
extern "C" __global__ void laplacian(const double *in, double *out, int nx, int ny, int nz) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, z = blockIdx.z * blockDim.z + threadIdx.z;
    if (x >= nx || y >= ny || z >= nz) return;
    auto at = [&](int i, int j, int k) { return in[(((k + nz) % nz) * ny + (j + ny) % ny) * nx + (i + nx) % nx]; };
    out[(z * ny + y) * nx + x] = at(x - 1, y, z) + at(x + 1, y, z) + at(x, y - 1, z) + at(x, y + 1, z) + at(x, y, z - 1) + at(x, y, z + 1) - 6 * at(x, y, z);
}

// An array that is indexed dynamically lives in local memory.
extern "C" __global__ void mode_of_row(const uint8_t *x, int columns, int *out, int rows) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    short counts[16];
    for (int b = 0; b < 16; ++b) counts[b] = 0;
    for (int c = 0; c < columns; ++c) counts[x[row * columns + c] & 15]++;
    int best = 0;
    for (int b = 1; b < 16; ++b)
        if (counts[b] > counts[best]) best = b;
    out[row] = best;
}

__device__ __noinline__ int sum_at(const int *p, int n) {
    int sum = 0;
    for (int i = 0; i < n; ++i) sum += p[i];
    return sum;
}

// One function sums through generic pointers to shared, global and local memory.
extern "C" __global__ void sum_anywhere(const int *x, int *out) {
    extern __shared__ int dynamic[];
    __shared__ int fixed[4];
    int local[4];
    for (int i = 0; i < 4; ++i) local[i] = threadIdx.x * 10 + i;
    dynamic[threadIdx.x] = x[threadIdx.x] * 2;
    if (threadIdx.x < 4) fixed[threadIdx.x] = threadIdx.x + 1;
    __syncthreads();
    const int *where = threadIdx.x % 4 == 0 ? local : threadIdx.x % 4 == 1 ? fixed : threadIdx.x % 4 == 2 ? dynamic : x;
    int spaces = __isShared(where) + 2 * __isLocal(where) + 4 * __isGlobal(where);
    out[2 * threadIdx.x] = sum_at(where, 4);
    out[2 * threadIdx.x + 1] = spaces;
}

extern "C" __global__ void read_constants(const unsigned *x, int *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int bits = 0;
    for (unsigned v = x[i]; v; v >>= 4) bits += nibbles[v & 15];
    int clamped = min(max(int(x[i] >> 8) - 5000, int(limits.low)), int(limits.high));
    out[2 * i] = bits;
    out[2 * i + 1] = int(clamped * limits.scale) + limits.name[i % 6];
}

// Module variables keep their values from launch to launch.
extern "C" __global__ void count_calls(int *out) {
    if (threadIdx.x == 0) {
        out[blockIdx.x] = atomicAdd(&calls, 1);
        if (blockIdx.x == 0) {
            atomicAdd(selected, 10);
            out[gridDim.x] = pairs[1].x + pairs[1].y + pairs[2].x;
        }
    }
}

union Word {
    float f;
    unsigned u;
    unsigned char b[4];
};

// Structures of mixed alignment, unions, bytes of a word.
struct __align__(8) Record {
    char tag;
    short count;
    float weight;
    long long id;
};

extern "C" __global__ void rewrite_records(Record *records, unsigned *bytes, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    Record r = records[i];
    Word w;
    w.f = r.weight;
    w.b[r.tag & 3] ^= 0x5a;
    bytes[i] = w.u;
    r.count = short(r.count * 3);
    r.tag = char(r.tag + 1);
    r.id = r.id < 0 ? ~r.id : r.id + r.count;
    records[i] = r;
}
