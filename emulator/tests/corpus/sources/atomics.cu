// Atomics of every kind, locks, and memory order.
#include <cuda/atomic>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

extern "C" __global__ void integer_atomics(const int *x, int n, int *signed_out, unsigned *unsigned_out, unsigned long long *wide) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    atomicAdd(&signed_out[0], x[i]);
    atomicMin(&signed_out[1], x[i]);
    atomicMax(&signed_out[2], x[i]);
    atomicSub(&signed_out[3], x[i]);
    atomicAnd(&unsigned_out[0], unsigned(x[i]) | 0xff0);
    atomicOr(&unsigned_out[1], unsigned(x[i]) & 0xff0);
    atomicXor(&unsigned_out[2], unsigned(x[i]));
    atomicInc(&unsigned_out[3], 6);
    atomicDec(&unsigned_out[4], 6);
    atomicAdd(&wide[0], (unsigned long long)(unsigned)x[i] << 20);
    atomicMax(&wide[1], (unsigned long long)(unsigned)x[i] * 3);
    atomicAdd_system(&signed_out[4], 1);
    atomicAdd_block(&signed_out[5], 2);
}

__device__ double add_by_compare(double *address, double value) {
    unsigned long long *bits = (unsigned long long *)address, seen = *bits, assumed;
    do {
        assumed = seen;
        seen = atomicCAS(bits, assumed, __double_as_longlong(value + __longlong_as_double(assumed)));
    } while (assumed != seen);
    return __longlong_as_double(seen);
}

extern "C" __global__ void float_atomics(const int *x, int n, float *single, double *wide, __half2 *halves, double *compared) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    atomicAdd(single, float(x[i]));
    atomicAdd(wide, double(x[i]));
    atomicAdd(halves, __half2(__int2half_rn(x[i] & 1), __int2half_rn(1)));
    add_by_compare(compared, double(x[i]) * 0.5);
}

// A lock of one word: threads of different warps take turns.
extern "C" __global__ void locked_list(int *lock, int *count, int *list) {
    if (threadIdx.x % 32 != 0) return;
    while (atomicCAS(lock, 0, 1) != 0) __nanosleep(32);
    __threadfence();
    int place = *(volatile int *)count;
    ((volatile int *)list)[place] = blockIdx.x * blockDim.x + threadIdx.x;
    *(volatile int *)count = place + 1;
    __threadfence();
    atomicExch(lock, 0);
}

// The last block to finish adds up what all blocks left (threadFenceReduction).
extern "C" __global__ void last_block_sums(const int *x, int n, int *partial, unsigned *finished, int *total) {
    __shared__ int sum;
    __shared__ bool last;
    if (threadIdx.x == 0) sum = 0;
    __syncthreads();
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(&sum, x[i]);
    __syncthreads();
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
        __threadfence();
        last = atomicInc(finished, gridDim.x - 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        int all = 0;
        for (int b = 0; b < gridDim.x; ++b) all += ((volatile int *)partial)[b];
        *total = all;
    }
}

#if __CUDA_ARCH__ >= 700
// Message passing with cuda::atomic_ref, block to block.
extern "C" __global__ void pass_messages(int *data, int *flags, int *out) {
    if (threadIdx.x != 0) return;
    int me = blockIdx.x;
    if (me > 0) {
        cuda::atomic_ref<int, cuda::thread_scope_device> before(flags[me - 1]);
        while (before.load(cuda::memory_order_acquire) == 0) {
        }
        out[me] = data[me - 1];
        data[me] = data[me - 1] + me;
    } else {
        out[0] = 0;
        data[0] = 100;
    }
    cuda::atomic_ref<int, cuda::thread_scope_device> flag(flags[me]);
    flag.store(1, cuda::memory_order_release);
}
#endif
