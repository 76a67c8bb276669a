// Cooperative groups.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
namespace cg = cooperative_groups;

extern "C" __global__ void sum_tiles(const int *x, int *out, int n) {
    auto block = cg::this_thread_block();
    auto tile = cg::tiled_partition<8>(block);
    int i = blockIdx.x * blockDim.x + block.thread_rank();
    int value = i < n ? x[i] : 0;
    for (int offset = tile.size() / 2; offset > 0; offset /= 2) value += tile.shfl_down(value, offset);
    if (tile.thread_rank() == 0) out[i / 8] = value;
}

extern "C" __global__ void reduce_tiles(const int *x, int *sums, int *maxima, int *scans) {
    auto tile = cg::tiled_partition<16>(cg::this_thread_block());
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int sum = cg::reduce(tile, x[i], cg::plus<int>()), most = cg::reduce(tile, x[i], cg::greater<int>());
    scans[i] = cg::exclusive_scan(tile, x[i]);
    if (tile.thread_rank() == 0) {
        sums[i / 16] = sum;
        maxima[i / 16] = most;
    }
}

// The lanes that keep something reserve their places with one atomic.
extern "C" __global__ void filter_coalesced(const int *x, int n, int threshold, int *out, int *count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && x[i] > threshold) {
        auto active = cg::coalesced_threads();
        int place = 0;
        if (active.thread_rank() == 0) place = atomicAdd(count, active.size());
        out[active.shfl(place, 0) + active.thread_rank()] = x[i];
    }
}

// Threads of a warp with equal labels add up their values.
extern "C" __global__ void sum_labels(const int *labels, const int *x, int *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    auto same = cg::labeled_partition(cg::coalesced_threads(), labels[i]);
    out[i] = cg::reduce(same, x[i], cg::plus<int>());
}

// Iterations of a grid that meet at a grid-wide barrier.
extern "C" __global__ void diffuse_grid(float *a, float *b, int n, int steps) {
    auto grid = cg::this_grid();
    for (int step = 0; step < steps; ++step) {
        for (int i = grid.thread_rank(); i < n; i += grid.size()) {
            float left = a[i == 0 ? n - 1 : i - 1], right = a[i == n - 1 ? 0 : i + 1];
            b[i] = 0.25f * left + 0.5f * a[i] + 0.25f * right;
        }
        grid.sync();
        float *swap = a;
        a = b;
        b = swap;
    }
}
