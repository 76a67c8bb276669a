// Arithmetic and conversions of 16-bit and 8-bit floats.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

extern "C" __global__ void half2_axpy(__half2 a, const __half2 *x, __half2 *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = __hfma2(a, x[i], y[i]);
}

extern "C" __global__ void half_arithmetic(const __half *a, const __half *b, __half *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    __half sum = a[i] + b[i], product = a[i] * b[i];
    out[4 * i] = sum;
    out[4 * i + 1] = product;
    out[4 * i + 2] = __hgt(sum, product) ? __hneg(sum) : __habs(product);
    out[4 * i + 3] = __float2half_rn(__half2float(a[i]) - __half2float(b[i]));
}

extern "C" __global__ void half_to_integers(const __half *x, int *nearest, short *down, unsigned char *bytes, __half *back, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    nearest[i] = __half2int_rn(x[i]);
    down[i] = __half2short_rd(x[i]);
    bytes[i] = (unsigned char)__half2uint_rz(__habs(x[i]));
    back[i] = __int2half_rn(i * 37 - 1000);
}

#if __CUDA_ARCH__ >= 800
extern "C" __global__ void bfloat_pairs(const __nv_bfloat162 *a, const __nv_bfloat162 *b, __nv_bfloat162 *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    out[3 * i] = __hfma2(a[i], b[i], a[i]);
    out[3 * i + 1] = __hmax2(a[i], b[i]);
    out[3 * i + 2] = __float22bfloat162_rn(make_float2(__low2float(a[i]) + 1.0f, __high2float(b[i])));
}

// Root-mean-square normalisation of rows, one block each.
extern "C" __global__ void rms_norm(const __nv_bfloat16 *x, const __nv_bfloat16 *weight, __nv_bfloat16 *y, int columns, float epsilon) {
    __shared__ float partial[32];
    const __nv_bfloat16 *row = x + size_t(blockIdx.x) * columns;
    float sum = 0;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
        float value = __bfloat162float(row[c]);
        sum += value * value;
    }
    for (int offset = 16; offset; offset >>= 1) sum += __shfl_xor_sync(~0u, sum, offset);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = sum;
    __syncthreads();
    sum = 0;
    for (int w = 0; w < blockDim.x / 32; ++w) sum += partial[w];
    float scale = 1.0f / sqrtf(sum / columns + epsilon);
    for (int c = threadIdx.x; c < columns; c += blockDim.x)
        y[size_t(blockIdx.x) * columns + c] = __float2bfloat16(__bfloat162float(row[c]) * scale * __bfloat162float(weight[c]));
}
#endif

// FP8 with one scale for 128 columns: one warp each.
extern "C" __global__ void quantise_e4m3(const float *x, __nv_fp8_e4m3 *q, float *scales, int blocks) {
    int block = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (block >= blocks) return;
    float4 v = reinterpret_cast<const float4 *>(x)[block * 32 + lane];
    float most = fmaxf(fmaxf(fabsf(v.x), fabsf(v.y)), fmaxf(fabsf(v.z), fabsf(v.w)));
    for (int offset = 16; offset; offset >>= 1) most = fmaxf(most, __shfl_xor_sync(~0u, most, offset));
    float scale = fmaxf(most, 1e-4f) / 448.0f;
    __nv_fp8_e4m3 *out = q + block * 128 + lane * 4;
    out[0] = __nv_fp8_e4m3(v.x / scale);
    out[1] = __nv_fp8_e4m3(v.y / scale);
    out[2] = __nv_fp8_e4m3(v.z / scale);
    out[3] = __nv_fp8_e4m3(v.w / scale);
    if (lane == 0) scales[block] = scale;
}

extern "C" __global__ void widen_fp8(const __nv_fp8_e4m3 *a, const __nv_fp8x2_e5m2 *b, float *x, float2 *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    x[i] = float(a[i]);
    y[i] = float2(b[i]);
}

extern "C" __global__ void narrow_fp8(const float2 *x, __nv_fp8x2_storage_t *e4m3, __nv_fp8x2_storage_t *e5m2, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    e4m3[i] = __nv_cvt_float2_to_fp8x2(x[i], __NV_SATFINITE, __NV_E4M3);
    e5m2[i] = __nv_cvt_float2_to_fp8x2(x[i], __NV_SATFINITE, __NV_E5M2);
}
