// What kernels say: printf and assert.
#include <cassert>
#include <cstdio>

extern "C" __global__ void print_values(const int *x, const double *y, int n) {
    int i = threadIdx.x;
    if (i < n) printf("%d: %5d|%-6.2f|%s|%c|%x|%lld%%\n", i, x[i], y[i], x[i] < 0 ? "negative" : "positive", 'a' + i, x[i], (long long)x[i] << 33);
    if (i == 0) printf("done\n");
}

extern "C" __global__ void check_values(const int *x) {
    assert(x[threadIdx.x] >= 0 && "values are not negative");
}
