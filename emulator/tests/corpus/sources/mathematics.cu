// Mathematical functions: the library's, the fast ones, and conversions.
extern "C" __global__ void single_functions(const float *x, float *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float v = x[i], *o = out + i * 12;
    o[0] = sinf(v);
    o[1] = cosf(v);
    o[2] = expf(v * 0.25f);
    o[3] = logf(fabsf(v) + 0.5f);
    o[4] = tanhf(v);
    o[5] = erff(v);
    o[6] = powf(fabsf(v) + 0.1f, 1.7f);
    o[7] = sqrtf(fabsf(v));
    o[8] = rsqrtf(fabsf(v) + 1);
    o[9] = atan2f(v, 2.0f);
    o[10] = fmodf(v, 0.75f);
    o[11] = cbrtf(v);
}

extern "C" __global__ void fast_functions(const float *x, float *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float v = x[i], *o = out + i * 8;
    o[0] = __sinf(v);
    o[1] = __cosf(v);
    o[2] = __expf(v * 0.25f);
    o[3] = __logf(fabsf(v) + 0.5f);
    o[4] = __fdividef(v, 3.0f);
    o[5] = __powf(fabsf(v) + 0.1f, 1.7f);
    o[6] = __frsqrt_rn(fabsf(v) + 1);
    o[7] = __saturatef(v);
}

extern "C" __global__ void double_functions(const double *x, double *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    double v = x[i], *o = out + i * 8;
    o[0] = sin(v);
    o[1] = cos(v);
    o[2] = exp(v * 0.25);
    o[3] = log(fabs(v) + 0.5);
    o[4] = v / 3.0;
    o[5] = sqrt(fabs(v));
    o[6] = pow(fabs(v) + 0.1, 1.7);
    o[7] = rsqrt(fabs(v) + 1);
}

extern "C" __global__ void convert_numbers(const float *x, const double *y, long long *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    long long *o = out + i * 8;
    o[0] = __float2int_rn(x[i]);
    o[1] = __float2int_rz(x[i]);
    o[2] = __float2uint_ru(x[i]);
    o[3] = __float2ll_rd(x[i]);
    o[4] = __double2ll_rn(y[i]);
    o[5] = __float_as_int(__double2float_rz(y[i]));
    o[6] = __double_as_longlong(double(__float2ll_rz(x[i])) + rint(y[i]) + floor(double(x[i])) + trunc(y[i]));
    o[7] = __float_as_int(__ll2float_rn((long long)(y[i] * 1e12))) + (signed char)(int)x[i];
}

// Numerically stable softmax of rows, one warp each.
extern "C" __global__ void softmax_rows(const float *x, float *y, int rows, int columns) {
    int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    const float *in = x + row * columns;
    float most = -INFINITY, sum = 0;
    for (int c = lane; c < columns; c += 32) most = fmaxf(most, in[c]);
    for (int o = 16; o; o >>= 1) most = fmaxf(most, __shfl_xor_sync(~0u, most, o));
    for (int c = lane; c < columns; c += 32) sum += __expf(in[c] - most);
    for (int o = 16; o; o >>= 1) sum += __shfl_xor_sync(~0u, sum, o);
    for (int c = lane; c < columns; c += 32) y[row * columns + c] = __expf(in[c] - most) / sum;
}

extern "C" __global__ void mandelbrot(int *out, int width, int height, int limit) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height) return;
    double cr = -2.0 + 3.0 * x / width, ci = -1.0 + 2.0 * y / height, r = 0, i = 0;
    int k = 0;
    for (; k < limit && __dadd_rn(__dmul_rn(r, r), __dmul_rn(i, i)) <= 4; ++k) {
        double t = __dadd_rn(__dsub_rn(__dmul_rn(r, r), __dmul_rn(i, i)), cr);
        i = __dadd_rn(__dmul_rn(2 * r, i), ci);
        r = t;
    }
    out[y * width + x] = k;
}
