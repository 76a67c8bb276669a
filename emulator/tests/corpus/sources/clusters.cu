// Thread block clusters with cooperative groups: shared memory of other blocks, the barrier of the cluster.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;

// A histogram whose bins lie in the shared memory of all blocks of a cluster.
extern "C" __global__ void __cluster_dims__(4, 1, 1) spread_histogram(const unsigned *x, int n, unsigned *bins, int count) {
    extern __shared__ unsigned mine[];
    cg::cluster_group cluster = cg::this_cluster();
    int share = (count + int(cluster.num_blocks()) - 1) / int(cluster.num_blocks());
    for (int b = threadIdx.x; b < share; b += blockDim.x) mine[b] = 0;
    cluster.sync();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        int bin = x[i] % count;
        atomicAdd(cluster.map_shared_rank(mine, bin / share) + bin % share, 1u);
    }
    cluster.sync();
    int first = share * int(cluster.block_rank());
    for (int b = threadIdx.x; b < share && first + b < count; b += blockDim.x) atomicAdd(&bins[first + b], mine[b]);
}

// Sums travel round the ring of blocks, half a step at a time.
extern "C" __global__ void __cluster_dims__(2, 2, 1) ring_sums(const int *x, int *out) {
    __shared__ int value, passed;
    cg::cluster_group cluster = cg::this_cluster();
    unsigned rank = cluster.block_rank(), blocks = cluster.num_blocks();
    unsigned block = blockIdx.y * gridDim.x + blockIdx.x;
    if (threadIdx.x == 0) value = x[block];
    int sum = 0;
    for (unsigned step = 0; step < blocks; ++step) {
        cluster.sync();
        if (threadIdx.x == 0) passed = *cluster.map_shared_rank(&value, (rank + 1) % blocks);
        cg::cluster_group::arrival_token token = cluster.barrier_arrive();
        __syncthreads();
        sum = sum * 3 + passed;
        cluster.barrier_wait(static_cast<cg::cluster_group::arrival_token &&>(token));
        if (threadIdx.x == 0) value = passed;
    }
    cluster.sync();
    if (threadIdx.x == 0) out[block * 2] = sum;
    if (threadIdx.x == blockDim.x - 1) out[block * 2 + 1] = int(cluster.query_shared_rank(cluster.map_shared_rank(&value, 3)) + 10 * cluster.dim_blocks().y);
}
