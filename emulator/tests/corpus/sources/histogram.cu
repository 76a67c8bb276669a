// Histograms: private copies in shared memory, atomics that a warp aggregates, 64-bit bins.
extern "C" __global__ void histogram_shared(const unsigned char *x, int n, unsigned *bins) {
    __shared__ unsigned mine[256];
    for (int b = threadIdx.x; b < 256; b += blockDim.x) mine[b] = 0;
    __syncthreads();
    int stride = blockDim.x * gridDim.x;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) atomicAdd(&mine[x[i]], 1u);
    __syncthreads();
    for (int b = threadIdx.x; b < 256; b += blockDim.x)
        if (mine[b]) atomicAdd(&bins[b], mine[b]);
}

#if __CUDA_ARCH__ >= 700
// Lanes with the same bin elect one that adds for all.
extern "C" __global__ void histogram_aggregated(const int *x, int n, int *bins, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int bin = x[i] % count;
    bin = bin < 0 ? bin + count : bin;
    unsigned peers = __match_any_sync(__activemask(), bin);
    if (__ffs(peers) - 1 == int(threadIdx.x & 31)) atomicAdd(&bins[bin], __popc(peers));
}
#endif

extern "C" __global__ void histogram_weighted(const float *x, const unsigned long long *weights, int n, float low, float width, unsigned long long *bins, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int bin = __float2int_rd((x[i] - low) / width);
    if (bin >= 0 && bin < count) atomicAdd(&bins[bin], weights[i]);
}
