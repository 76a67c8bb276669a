// One thread per element: grid-stride loops, vector loads, structures by value, templates.
#include <cstdint>

struct Affine {
    float scale;
    float offset;
    int reversed;
};

struct Complex {
    double real, imaginary;
};

extern "C" __global__ void saxpy(float a, const float *__restrict__ x, float *__restrict__ y, int n) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) y[i] = a * x[i] + y[i];
}

// Whole float4s, then the rest.
extern "C" __global__ __launch_bounds__(256) void copy_vectors(const float *__restrict__ from, float *to, unsigned n) {
    unsigned thread = blockIdx.x * blockDim.x + threadIdx.x, threads = gridDim.x * blockDim.x;
    const float4 *from4 = reinterpret_cast<const float4 *>(from);
    float4 *to4 = reinterpret_cast<float4 *>(to);
    for (unsigned i = thread; i < n / 4; i += threads) to4[i] = __ldg(from4 + i);
    for (unsigned i = n / 4 * 4 + thread; i < n; i += threads) to[i] = from[i];
}

extern "C" __global__ void apply_affine(Affine f, const float *x, float *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[f.reversed ? n - 1 - i : i] = fmaf(f.scale, x[i], f.offset);
}

extern "C" __global__ void multiply_complex(const Complex *a, const Complex *b, Complex *out, size_t n) {
    size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= n) return;
    Complex p = a[i], q = b[i];
    out[i] = Complex{p.real * q.real - p.imaginary * q.imaginary, p.real * q.imaginary + p.imaginary * q.real};
}

template <typename T, int UNROLL>
__device__ void add_all(const T *a, const T *b, T *out, int n) {
    int base = (blockIdx.x * blockDim.x + threadIdx.x) * UNROLL;
#pragma unroll
    for (int k = 0; k < UNROLL; ++k)
        if (base + k < n) out[base + k] = T(a[base + k] + b[base + k]);
}

extern "C" __global__ void add_bytes(const uint8_t *a, const uint8_t *b, uint8_t *out, int n) { add_all<uint8_t, 4>(a, b, out, n); }
extern "C" __global__ void add_shorts(const int16_t *a, const int16_t *b, int16_t *out, int n) { add_all<int16_t, 3>(a, b, out, n); }
extern "C" __global__ void add_longs(const int64_t *a, const int64_t *b, int64_t *out, int n) { add_all<int64_t, 2>(a, b, out, n); }
