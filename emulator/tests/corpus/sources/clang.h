// What CUDA's headers would declare, for clang without a CUDA toolkit: enough for the sources beside this file.
#pragma once
#include <__clang_cuda_builtin_vars.h>

#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __noinline__ __attribute__((noinline))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define DEVICE static __device__ __forceinline__

using size_t = __SIZE_TYPE__;
struct alignas(8) float2 { float x, y; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) float4 { float x, y, z, w; };
DEVICE float2 make_float2(float x, float y) { return float2{x, y}; }

extern "C" __device__ int printf(const char *, ...);
extern "C" __device__ void __assertfail(const char *, const char *, unsigned, const char *, size_t);
extern "C" __device__ __inline__ void __assert_fail(const char *text, const char *file, unsigned line, const char *in) {
    __assertfail(text, file, line, in, sizeof(char));
}
DEVICE bool __isGlobal(const void *p) { return __nvvm_isspacep_global(p); }
DEVICE bool __isShared(const void *p) { return __nvvm_isspacep_shared(p); }
DEVICE bool __isLocal(const void *p) { return __nvvm_isspacep_local(p); }

// Functions that have other types on the host.
DEVICE float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
DEVICE float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
template <typename T> DEVICE T min(T a, T b) { return b < a ? b : a; }
template <typename T> DEVICE T max(T a, T b) { return a < b ? b : a; }
template <typename T> DEVICE T __ldg(const T *p) { return *p; }
DEVICE int __float2int_rd(float x) { return __nvvm_f2i_rm(x); }

// Bits.
DEVICE int __popc(unsigned x) { return __builtin_popcount(x); }
DEVICE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
DEVICE int __clz(int x) { return x ? __builtin_clz(x) : 32; }
DEVICE int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
DEVICE int __ffs(int x) { return __builtin_ffs(x); }
DEVICE int __ffsll(long long x) { return __builtin_ffsll(x); }
DEVICE unsigned __brev(unsigned x) { return __builtin_bitreverse32(x); }
DEVICE unsigned long long __brevll(unsigned long long x) { return __builtin_bitreverse64(x); }
DEVICE unsigned __byte_perm(unsigned a, unsigned b, unsigned s) { return __nvvm_prmt(a, b, s & 0x7777); }
DEVICE unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
    unsigned d;
    asm("shf.l.wrap.b32 %0, %1, %2, %3;" : "=r"(d) : "r"(low), "r"(high), "r"(by));
    return d;
}
DEVICE unsigned __funnelshift_rc(unsigned low, unsigned high, unsigned by) {
    unsigned d;
    asm("shf.r.clamp.b32 %0, %1, %2, %3;" : "=r"(d) : "r"(low), "r"(high), "r"(by));
    return d;
}
DEVICE int __dp4a(int a, int b, int c) {
    int d;
    asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}
DEVICE unsigned __usad(unsigned a, unsigned b, unsigned c) { return __nvvm_sad_ui(a, b, c); }
DEVICE unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
DEVICE long long __mul64hi(long long a, long long b) { return (long long)((__int128)a * b >> 64); }

// Warps and blocks.
DEVICE int __syncthreads_count(int p) { return __nvvm_bar0_popc(p); }
DEVICE int __syncthreads_and(int p) { return __nvvm_bar0_and(p); }
DEVICE int __syncthreads_or(int p) { return __nvvm_bar0_or(p); }
DEVICE void __threadfence() { __nvvm_membar_gl(); }
DEVICE unsigned __activemask() {
    unsigned mask;
    asm volatile("activemask.b32 %0;" : "=r"(mask));
    return mask;
}
DEVICE unsigned __ballot_sync(unsigned mask, int p) { return __nvvm_vote_ballot_sync(mask, p); }
DEVICE unsigned __match_any_sync(unsigned mask, unsigned value) { return __nvvm_match_any_sync_i32(mask, value); }
DEVICE unsigned __reduce_add_sync(unsigned mask, unsigned x) { return __nvvm_redux_sync_add(x, mask); }
DEVICE unsigned __reduce_min_sync(unsigned mask, unsigned x) { return __nvvm_redux_sync_umin(x, mask); }
DEVICE unsigned __reduce_max_sync(unsigned mask, unsigned x) { return __nvvm_redux_sync_umax(x, mask); }
DEVICE unsigned __reduce_and_sync(unsigned mask, unsigned x) { return __nvvm_redux_sync_and(x, mask); }
DEVICE unsigned __reduce_or_sync(unsigned mask, unsigned x) { return __nvvm_redux_sync_or(x, mask); }
DEVICE unsigned __reduce_xor_sync(unsigned mask, unsigned x) { return __nvvm_redux_sync_xor(x, mask); }

// Values of any size travel word by word.
template <typename T, typename F> DEVICE T __words(T value, F move) {
    union { T value; int words[sizeof(T) / 4]; } from = {value}, to = {value};
    for (unsigned i = 0; i < sizeof(T) / 4; ++i) to.words[i] = move(from.words[i]);
    return to.value;
}
template <typename T> DEVICE T __shfl_sync(unsigned mask, T value, int from) {
    return __words(value, [=](int word) { return __nvvm_shfl_sync_idx_i32(mask, word, from, 31); });
}
template <typename T> DEVICE T __shfl_up_sync(unsigned mask, T value, unsigned by) {
    return __words(value, [=](int word) { return __nvvm_shfl_sync_up_i32(mask, word, by, 0); });
}
template <typename T> DEVICE T __shfl_down_sync(unsigned mask, T value, unsigned by) {
    return __words(value, [=](int word) { return __nvvm_shfl_sync_down_i32(mask, word, by, 31); });
}
template <typename T> DEVICE T __shfl_xor_sync(unsigned mask, T value, int by) {
    return __words(value, [=](int word) { return __nvvm_shfl_sync_bfly_i32(mask, word, by, 31); });
}

// Atomics of the device's scope.
DEVICE int atomicAdd(int *p, int x) { return __nvvm_atom_add_gen_i(p, x); }
DEVICE unsigned atomicAdd(unsigned *p, unsigned x) { return __nvvm_atom_add_gen_i((int *)p, x); }
DEVICE unsigned long long atomicAdd(unsigned long long *p, unsigned long long x) {
    return __nvvm_atom_add_gen_ll((long long *)p, x);
}
DEVICE unsigned long long atomicMin(unsigned long long *p, unsigned long long x) {
    return __nvvm_atom_min_gen_ull(p, x);
}
