// Larger pieces: sorting, matrix products, routing of tokens to experts.
#include <cstdint>

extern "C" __global__ void bitonic_sort(unsigned *x) {
    extern __shared__ unsigned keys[];
    unsigned n = blockDim.x * 2, base = blockIdx.x * n;
    keys[threadIdx.x] = x[base + threadIdx.x];
    keys[threadIdx.x + blockDim.x] = x[base + threadIdx.x + blockDim.x];
    for (unsigned size = 2; size <= n; size *= 2)
        for (unsigned stride = size / 2; stride > 0; stride /= 2) {
            __syncthreads();
            unsigned i = 2 * threadIdx.x - (threadIdx.x & (stride - 1)), j = i + stride;
            bool ascending = (i & size) == 0;
            if ((keys[i] > keys[j]) == ascending) {
                unsigned t = keys[i];
                keys[i] = keys[j];
                keys[j] = t;
            }
        }
    __syncthreads();
    x[base + threadIdx.x] = keys[threadIdx.x];
    x[base + threadIdx.x + blockDim.x] = keys[threadIdx.x + blockDim.x];
}

#if __CUDA_ARCH__ >= 700
// Stable ranks within a digit of four bits, one warp per 32 keys, by ballots.
extern "C" __global__ void radix_ranks(const unsigned *keys, int shift, unsigned *ranks, unsigned *counts, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x & 31;
    unsigned digit = i < n ? keys[i] >> shift & 15 : 16;
    unsigned same = ~0u;
#pragma unroll
    for (int bit = 0; bit < 5; ++bit) {
        unsigned ones = __ballot_sync(~0u, digit >> bit & 1);
        same &= digit >> bit & 1 ? ones : ~ones;
    }
    unsigned below = __popc(same & ((1u << lane) - 1));
    if (i < n) {
        ranks[i] = below;
        if (below == 0) counts[i / 32 * 16 + digit] = __popc(same);
    }
}
#endif

extern "C" __global__ void multiply_matrices(const float *a, const float *b, float *c, int m, int n, int k) {
    __shared__ float as[16][16], bs[16][16];
    int row = blockIdx.y * 16 + threadIdx.y, column = blockIdx.x * 16 + threadIdx.x;
    float sum = 0;
    for (int t = 0; t < k; t += 16) {
        as[threadIdx.y][threadIdx.x] = row < m && t + threadIdx.x < k ? a[row * k + t + threadIdx.x] : 0;
        bs[threadIdx.y][threadIdx.x] = column < n && t + threadIdx.y < k ? b[(t + threadIdx.y) * n + column] : 0;
        __syncthreads();
#pragma unroll
        for (int j = 0; j < 16; ++j) sum = fmaf(as[threadIdx.y][j], bs[j][threadIdx.x], sum);
        __syncthreads();
    }
    if (row < m && column < n) c[row * n + column] = sum;
}

// Each warp routes a token: the top K of its experts' scores, ties to the lower index.
template <int K>
__device__ void route(const float *scores, int experts, int *chosen, float *weights, int token) {
    int lane = threadIdx.x & 31;
    float mine[8];
#pragma unroll
    for (int j = 0; j < 8; ++j) mine[j] = j * 32 + lane < experts ? scores[token * experts + j * 32 + lane] : -1e30f;
#pragma unroll
    for (int k = 0; k < K; ++k) {
        float best = -1e30f;
        int place = 1 << 30;
#pragma unroll
        for (int j = 0; j < 8; ++j)
            if (mine[j] > best) best = mine[j], place = j * 32 + lane;
        for (int offset = 16; offset; offset >>= 1) {
            float other = __shfl_xor_sync(~0u, best, offset);
            int where = __shfl_xor_sync(~0u, place, offset);
            if (other > best || (other == best && where < place)) best = other, place = where;
        }
#pragma unroll
        for (int j = 0; j < 8; ++j)
            if (j * 32 + lane == place) mine[j] = -1e30f;
        if (lane == 0) {
            chosen[token * K + k] = place;
            weights[token * K + k] = best;
        }
    }
}

extern "C" __global__ void route_tokens(const float *scores, int tokens, int experts, int *chosen, float *weights) {
    int token = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
    if (token < tokens) route<4>(scores, experts, chosen, weights, token);
}

// Odd-even merge of two sorted halves by binary search.
extern "C" __global__ void merge_halves(const int *x, int half, int *out) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= 2 * half) return;
    bool first = i < half;
    const int *other = first ? x + half : x;
    int low = 0, high = half;
    while (low < high) {
        int middle = (low + high) / 2;
        if (first ? other[middle] < x[i] : other[middle] <= x[i]) low = middle + 1;
        else high = middle;
    }
    out[(first ? i : i - half) + low] = x[i];
}
