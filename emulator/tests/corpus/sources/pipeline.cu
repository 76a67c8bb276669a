// Asynchronous copies with mbarriers: cuda::barrier, cuda::pipeline, and 1-D bulk copies.
#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda/ptx>
namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;

// Two phases of a block barrier with a completion in between.
extern "C" __global__ void exchange_barrier(const int *x, int *out) {
    __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
    __shared__ int values[256];
    if (threadIdx.x == 0) init(&barrier, blockDim.x);
    __syncthreads();
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    values[threadIdx.x] = x[i];
    barrier.arrive_and_wait();
    int seen = values[blockDim.x - 1 - threadIdx.x];
    auto token = barrier.arrive();
    barrier.wait(std::move(token));
    values[threadIdx.x] = seen * 2;
    barrier.arrive_and_wait();
    out[i] = values[(threadIdx.x + 1) % blockDim.x];
}

// Copies of the next tile go on while the last one is summed.
extern "C" __global__ void sum_pipelined(const int *x, int tiles, int *out) {
    constexpr int STAGES = 2;
    __shared__ int buffer[STAGES][128];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, STAGES> state;
    auto block = cg::this_thread_block();
    auto pipeline = cuda::make_pipeline(block, &state);
    const int *mine = x + blockIdx.x * tiles * 128;
    int sum = 0;
    for (int fetch = 0, tile = 0; tile < tiles; ++tile) {
        for (; fetch < tiles && fetch < tile + STAGES; ++fetch) {
            pipeline.producer_acquire();
            cuda::memcpy_async(block, buffer[fetch % STAGES], mine + fetch * 128, sizeof(int) * 128, pipeline);
            pipeline.producer_commit();
        }
        pipeline.consumer_wait();
        sum += buffer[tile % STAGES][threadIdx.x] * (tile + 1);
        pipeline.consumer_release();
    }
    out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

#if __CUDA_ARCH__ >= 900
// A bulk copy in, a change, a bulk copy out.
extern "C" __global__ void scale_bulk(const float *x, float *y, float factor) {
    alignas(128) __shared__ float buffer[512];
    __shared__ uint64_t barrier;
    const float *from = x + blockIdx.x * 512;
    if (threadIdx.x == 0) {
        ptx::mbarrier_init(&barrier, 1);
        ptx::fence_proxy_async(ptx::space_shared);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, buffer, from, sizeof(buffer), &barrier);
        ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &barrier, sizeof(buffer));
    }
    while (!ptx::mbarrier_try_wait_parity(&barrier, 0)) {
    }
    for (int i = threadIdx.x; i < 512; i += blockDim.x) buffer[i] *= factor;
    ptx::fence_proxy_async(ptx::space_shared);
    __syncthreads();
    if (threadIdx.x == 0) {
        ptx::cp_async_bulk(ptx::space_global, ptx::space_shared, y + blockIdx.x * 512, buffer, sizeof(buffer));
        ptx::cp_async_bulk_commit_group();
        ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>());
    }
}

// The same through cuda::memcpy_async and cuda::barrier.
extern "C" __global__ void copy_through_barrier(const int *x, int *y) {
    alignas(16) __shared__ int buffer[256];
    __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
    if (threadIdx.x == 0) {
        init(&barrier, blockDim.x);
        ptx::fence_proxy_async(ptx::space_shared);
    }
    __syncthreads();
    cuda::barrier<cuda::thread_scope_block>::arrival_token token;
    if (threadIdx.x == 0) {
        cuda::memcpy_async(buffer, x + blockIdx.x * 256, cuda::aligned_size_t<16>(sizeof(buffer)), barrier);
        token = barrier.arrive();
    } else {
        token = barrier.arrive();
    }
    barrier.wait(std::move(token));
    for (int i = threadIdx.x; i < 256; i += blockDim.x) y[blockIdx.x * 256 + i] = buffer[255 - i];
}
#endif
