// What NVIDIA's libraries make of algorithms of a block: CUB, cooperative groups and libcu++.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cub/block/block_load.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/block/block_store.cuh>
#include <cuda/barrier>
#include <cuda/latch>
#include <cuda/pipeline>
#include <cuda/semaphore>
namespace cg = cooperative_groups;

// A stable sort of 256 keys of a block, and where each key came from.
extern "C" __global__ __launch_bounds__(64) void sort_pairs(unsigned *keys, int *origins) {
    using Load = cub::BlockLoad<unsigned, 64, 4, cub::BLOCK_LOAD_WARP_TRANSPOSE>;
    using Sort = cub::BlockRadixSort<unsigned, 64, 4, int>;
    using Store = cub::BlockStore<unsigned, 64, 4, cub::BLOCK_STORE_TRANSPOSE>;
    __shared__ union {
        Load::TempStorage load;
        Sort::TempStorage sort;
        Store::TempStorage store;
    } shared;
    unsigned mine[4];
    int from[4];
    for (int i = 0; i < 4; ++i) from[i] = threadIdx.x * 4 + i;
    Load(shared.load).Load(keys + blockIdx.x * 256, mine);
    __syncthreads();
    Sort(shared.sort).Sort(mine, from);
    __syncthreads();
    Store(shared.store).Store(keys + blockIdx.x * 256, mine);
    cub::StoreDirectBlocked(threadIdx.x, origins + blockIdx.x * 256, from);
}

// Sums and scans over tiles of two warps, whose barriers are in shared memory that the system reserves.
extern "C" __global__ void scan_wide_tiles(const int *x, int *out) {
    __shared__ cg::block_tile_memory<256> memory;
    auto tile = cg::tiled_partition<64>(cg::this_thread_block(memory));
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i * 3] = cg::reduce(tile, x[i], cg::plus<int>());
    out[i * 3 + 1] = cg::inclusive_scan(tile, x[i]);
    out[i * 3 + 2] = tile.shfl(x[i], 37);
}

// Half of the warps fetch tiles, the other half fold them.
extern "C" __global__ void fold_tiles(const int *x, int tiles, int *out) {
    constexpr int STAGES = 3;
    __shared__ int buffer[STAGES][64];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, STAGES> state;
    bool fetches = threadIdx.x < 64;
    auto role = fetches ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer;
    auto pipeline = cuda::make_pipeline(cg::this_thread_block(), &state, role);
    const int *mine = x + blockIdx.x * tiles * 64;
    if (fetches) {
        for (int tile = 0; tile < tiles; ++tile) {
            pipeline.producer_acquire();
            cuda::memcpy_async(&buffer[tile % STAGES][threadIdx.x], mine + tile * 64 + threadIdx.x, sizeof(int), pipeline);
            pipeline.producer_commit();
        }
    } else {
        int folded = 0, lane = threadIdx.x - 64;
        for (int tile = 0; tile < tiles; ++tile) {
            pipeline.consumer_wait();
            folded = folded * 3 + buffer[tile % STAGES][63 - lane];
            pipeline.consumer_release();
        }
        out[blockIdx.x * 64 + lane] = folded;
    }
}

struct Step {
    int *steps;
    __device__ void operator()() noexcept { *steps += 1; }
};

// A barrier that counts its phases, a semaphore that guards a sum, and a latch.
extern "C" __global__ void count_phases(int phases, int *out) {
    using Barrier = cuda::barrier<cuda::thread_scope_block, Step>;
    using Semaphore = cuda::counting_semaphore<cuda::thread_scope_block>;
    using Latch = cuda::latch<cuda::thread_scope_block>;
    __shared__ int steps, sum;
    __shared__ alignas(64) unsigned char memory[3][64];
    auto *barrier = reinterpret_cast<Barrier *>(memory[0]);
    auto *semaphore = reinterpret_cast<Semaphore *>(memory[1]);
    auto *latch = reinterpret_cast<Latch *>(memory[2]);
    if (threadIdx.x == 0) {
        steps = sum = 0;
        new (barrier) Barrier(blockDim.x, Step{&steps});
        new (semaphore) Semaphore(1);
        new (latch) Latch(blockDim.x);
    }
    __syncthreads();
    int seen = 0;
    for (int i = 0; i < phases; ++i) {
        barrier->arrive_and_wait();
        seen = seen * 3 + steps;
        barrier->arrive_and_wait();
    }
    semaphore->acquire();
    sum += threadIdx.x;
    semaphore->release();
    latch->arrive_and_wait();
    out[(blockIdx.x * blockDim.x + threadIdx.x) * 2] = seen;
    out[(blockIdx.x * blockDim.x + threadIdx.x) * 2 + 1] = sum;
}
