// Integers: bit operations, wide multiplication and division, funnel shifts, permutations, dot products.
#include <cstdint>

extern "C" __global__ void count_bits(const unsigned *x, const unsigned long long *y, int *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int *o = out + i * 8;
    o[0] = __popc(x[i]);
    o[1] = __clz(x[i]);
    o[2] = __ffs(x[i]);
    o[3] = __brev(x[i]);
    o[4] = __popcll(y[i]);
    o[5] = __clzll(y[i]);
    o[6] = __ffsll(y[i]);
    o[7] = int(__brevll(y[i]) >> 32);
}

extern "C" __global__ void permute_bits(const unsigned *a, const unsigned *b, const unsigned *c, unsigned *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    unsigned *o = out + i * 8, x = a[i], y = b[i], z = c[i], r;
    o[0] = __byte_perm(x, y, z);
    o[1] = __funnelshift_l(x, y, z);
    o[2] = __funnelshift_rc(x, y, z);
    o[3] = (x & y) ^ (~x & z);
    asm("bfe.u32 %0, %1, %2, %3;" : "=r"(r) : "r"(x), "r"(z & 31), "r"(y & 31));
    o[4] = r;
    asm("bfi.b32 %0, %1, %2, %3, %4;" : "=r"(r) : "r"(x), "r"(y), "r"(z & 31), "r"(8));
    o[5] = r;
    o[6] = __dp4a(int(x), int(y), int(z));
    o[7] = __usad(x, y, z);
}

extern "C" __global__ void divide_wide(const uint64_t *a, const uint64_t *b, const int64_t *c, uint64_t *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    uint64_t *o = out + i * 6;
    o[0] = a[i] / (b[i] | 1);
    o[1] = a[i] % (b[i] | 1);
    o[2] = uint64_t(int64_t(a[i]) / (c[i] | 1));
    o[3] = __umul64hi(a[i], b[i]);
    o[4] = uint64_t(__mul64hi(int64_t(a[i]), c[i]));
    o[5] = uint64_t(a[i] / 1000003);
}

// 128-bit products modulo a prime, as number-theoretic transforms need them.
extern "C" __global__ void multiply_modulo(const uint64_t *a, const uint64_t *b, uint64_t *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    unsigned __int128 product = (unsigned __int128)a[i] * b[i];
    const uint64_t p = 0xffffffff00000001ull;
    uint64_t low = uint64_t(product), high = uint64_t(product >> 64), top = high >> 32, middle = high & 0xffffffff;
    uint64_t t = low - top;
    if (low < top) t -= 0xffffffff;
    uint64_t u = middle * 0xffffffff, r = t + u;
    if (r < t) r += 0xffffffff;
    out[i] = r >= p ? r - p : r;
}

// A 256-bit sum with carries in inline PTX.
extern "C" __global__ void add_256(const uint32_t *a, const uint32_t *b, uint32_t *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const uint32_t *x = a + i * 8, *y = b + i * 8;
    uint32_t *o = out + i * 9;
    asm("{\n\t"
        "add.cc.u32 %0, %9, %17;\n\t addc.cc.u32 %1, %10, %18;\n\t addc.cc.u32 %2, %11, %19;\n\t addc.cc.u32 %3, %12, %20;\n\t"
        "addc.cc.u32 %4, %13, %21;\n\t addc.cc.u32 %5, %14, %22;\n\t addc.cc.u32 %6, %15, %23;\n\t addc.cc.u32 %7, %16, %24;\n\t"
        "addc.u32 %8, 0, 0;\n\t}"
        : "=r"(o[0]), "=r"(o[1]), "=r"(o[2]), "=r"(o[3]), "=r"(o[4]), "=r"(o[5]), "=r"(o[6]), "=r"(o[7]), "=r"(o[8])
        : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(x[4]), "r"(x[5]), "r"(x[6]), "r"(x[7]),
          "r"(y[0]), "r"(y[1]), "r"(y[2]), "r"(y[3]), "r"(y[4]), "r"(y[5]), "r"(y[6]), "r"(y[7]));
}

// CRC-32 of each row of bytes.
extern "C" __global__ void crc_rows(const uint8_t *x, int columns, uint32_t *out, int rows) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    uint32_t crc = ~0u;
    for (int c = 0; c < columns; ++c) {
        crc ^= x[row * columns + c];
        for (int k = 0; k < 8; ++k) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    out[row] = ~crc;
}

// A dense switch.
extern "C" __global__ void run_programs(const uint8_t *code, int length, int *out, int programs) {
    int p = blockIdx.x * blockDim.x + threadIdx.x;
    if (p >= programs) return;
    int a = 1, b = 1, steps = 0;
    for (int pc = 0; pc < length && steps < 1000; ++pc, ++steps) {
        switch (code[p * length + pc] % 12) {
            case 0: a += b; break;
            case 1: a -= 3; break;
            case 2: b ^= a; break;
            case 3: a *= 5; break;
            case 4: b = a >> 2; break;
            case 5: a = -a; break;
            case 6: if (b > 0) pc += 1; break;
            case 7: { int t = a; a = b; b = t; break; }
            case 8: b += 7; break;
            case 9: a = a % 1000; break;
            case 10: b |= 64; break;
            default: a = ~a; break;
        }
    }
    out[p] = a * 31 + b;
}
