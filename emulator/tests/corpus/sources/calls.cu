// Functions that are really called: structures by value, recursion, function pointers, virtual functions.
struct Matrix2 {
    long long a, b, c, d;
};

__device__ __noinline__ Matrix2 multiply(Matrix2 x, Matrix2 y) {
    return Matrix2{x.a * y.a + x.b * y.c, x.a * y.b + x.b * y.d, x.c * y.a + x.d * y.c, x.c * y.b + x.d * y.d};
}

// Fibonacci numbers by squaring a matrix.
extern "C" __global__ void fibonacci_matrix(const int *n, long long *out, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    Matrix2 power{1, 1, 1, 0}, result{1, 0, 0, 1};
    for (int e = n[i]; e > 0; e >>= 1) {
        if (e & 1) result = multiply(result, power);
        power = multiply(power, power);
    }
    out[i] = result.b;
}

__device__ __noinline__ int ackermann(int m, int n) {
    if (m == 0) return n + 1;
    if (n == 0) return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

extern "C" __global__ void ackermann_table(int *out, int columns) {
    out[blockIdx.x * columns + threadIdx.x] = ackermann(blockIdx.x, threadIdx.x);
}

// Recursion with an array in every frame and a pointer into the caller's.
__device__ __noinline__ void quicksort(int *x, int low, int high, int *deepest, int depth) {
    if (depth > *deepest) *deepest = depth;
    if (low >= high) return;
    int bounds[2] = {low, high}, pivot = x[(low + high) / 2];
    while (bounds[0] <= bounds[1]) {
        while (x[bounds[0]] < pivot) ++bounds[0];
        while (x[bounds[1]] > pivot) --bounds[1];
        if (bounds[0] <= bounds[1]) {
            int t = x[bounds[0]];
            x[bounds[0]++] = x[bounds[1]];
            x[bounds[1]--] = t;
        }
    }
    quicksort(x, low, bounds[1], deepest, depth + 1);
    quicksort(x, bounds[0], high, deepest, depth + 1);
}

extern "C" __global__ void sort_rows(int *x, int columns, int *depths) {
    int row = blockIdx.x * blockDim.x + threadIdx.x, deepest = 0;
    quicksort(x + row * columns, 0, columns - 1, &deepest, 1);
    depths[row] = deepest;
}

typedef int (*Operation)(int, int);
__device__ __noinline__ int add(int a, int b) { return a + b; }
__device__ __noinline__ int subtract(int a, int b) { return a - b; }
__device__ __noinline__ int largest(int a, int b) { return a > b ? a : b; }
__device__ __noinline__ int collatz(int a, int b) {
    int steps = 0;
    for (unsigned x = unsigned(a) % 1000 + 1; x != 1 && steps < b % 64 + 64; ++steps) x = x % 2 ? 3 * x + 1 : x / 2;
    return steps;
}
__device__ Operation const operations[4] = {add, subtract, largest, collatz};

extern "C" __global__ void apply_operations(const int *which, const int *a, const int *b, int *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = operations[which[i] & 3](a[i], b[i]);
}

struct Shape {
    __device__ virtual float area() const = 0;
    __device__ virtual float scaled(float factor) const { return area() * factor * factor; }
};
struct Circle : Shape {
    float radius;
    __device__ Circle(float r) : radius(r) {}
    __device__ float area() const override { return 3.0f * radius * radius; }
};
struct Box : Shape {
    float width, height;
    __device__ Box(float w, float h) : width(w), height(h) {}
    __device__ float area() const override { return width * height; }
    __device__ float scaled(float factor) const override { return area() * factor; }
};

__device__ __noinline__ float measure(const Shape &shape, float factor) { return shape.area() + shape.scaled(factor); }

extern "C" __global__ void measure_shapes(const float *sizes, float *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    Circle circle(sizes[i]);
    Box box(sizes[i], 2.0f);
    out[i] = i % 3 == 0 ? measure(circle, 2.0f) : measure(box, 3.0f);
}
