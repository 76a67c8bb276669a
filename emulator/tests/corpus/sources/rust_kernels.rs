//! Kernels that rustc compiles to PTX.
#![no_std]
#![feature(abi_ptx, stdarch_nvptx)]

use core::arch::nvptx::{_block_dim_x, _block_idx_x, _grid_dim_x, _syncthreads, _thread_idx_x};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    // SAFETY: the kernel ends.
    unsafe { core::arch::nvptx::trap() }
}

fn thread() -> u32 {
    // SAFETY: reads special registers.
    unsafe { (_block_idx_x() * _block_dim_x() + _thread_idx_x()) as u32 }
}

fn threads() -> u32 {
    // SAFETY: reads special registers.
    unsafe { (_grid_dim_x() * _block_dim_x()) as u32 }
}

/// # Safety
/// Both arrays have `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn rust_saxpy(a: f32, x: *const f32, y: *mut f32, n: u32) {
    let mut i = thread();
    while i < n {
        let at = i as usize;
        // SAFETY: the index is below the length that the caller vouches for.
        unsafe { *y.add(at) = a * *x.add(at) + *y.add(at) };
        i += threads();
    }
}

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Account {
    id: u32,
    balance: i64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub enum Kind {
    Current = 0,
    Savings = 1,
    Closed = 2,
}

fn interest(account: &Account, percent: i64) -> Option<i64> {
    match account.kind {
        Kind::Current => Some(0),
        Kind::Savings => account.balance.checked_mul(percent).map(|product| product / 100),
        Kind::Closed => None,
    }
}

/// Structures by reference, `match`, `Option`, checked arithmetic: -1 where there is no interest.
///
/// # Safety
/// Both arrays have `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn rust_interest(accounts: *const Account, out: *mut i64, n: u32, percent: i64) {
    let i = thread() as usize;
    if i < n as usize {
        // SAFETY: the index is below the length that the caller vouches for.
        let account = unsafe { &*accounts.add(i) };
        // SAFETY: the index is below the length that the caller vouches for.
        unsafe { *out.add(i) = interest(account, percent).unwrap_or(-1) + i64::from(account.id & 1) };
    }
}

/// Iterators over a slice: the length of the longest run of equal bytes in each row.
///
/// # Safety
/// `rows * columns` bytes, and `rows` results.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn rust_longest_runs(bytes: *const u8, out: *mut u32, rows: u32, columns: u32) {
    let row = thread();
    if row >= rows {
        return;
    }
    let start = row as usize * columns as usize;
    // SAFETY: the row is inside the array.
    let bytes = unsafe { core::slice::from_raw_parts(bytes.add(start), columns as usize) };
    let (mut longest, mut run) = (0, 0);
    let mut last = None;
    for &byte in bytes.iter() {
        run = if last == Some(byte) { run + 1 } else { 1 };
        last = Some(byte);
        longest = longest.max(run);
    }
    // SAFETY: the index is below the length that the caller vouches for.
    unsafe { *out.add(row as usize) = longest };
}

/// Atomics of `core`: a histogram of 16 bins, and how many elements were counted.
///
/// # Safety
/// `n` elements, and 17 counters.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn rust_histogram(x: *const u32, counters: *const AtomicU32, n: u32) {
    let i = thread();
    if i < n {
        // SAFETY: the index is below the length that the caller vouches for.
        let bin = unsafe { *x.add(i as usize) }.rotate_left(4) & 15;
        // SAFETY: there are 17 counters.
        unsafe { (*counters.add(bin as usize)).fetch_add(1, Ordering::Relaxed) };
    }
    // SAFETY: every thread of the block comes here.
    unsafe { _syncthreads() };
    if i < n {
        // SAFETY: there are 17 counters.
        unsafe { (*counters.add(16)).fetch_add(1, Ordering::AcqRel) };
    }
}

/// 128-bit arithmetic: `a * b mod m` of 64-bit numbers, without a division by zero.
///
/// # Safety
/// All arrays have `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn rust_multiply_high(a: *const u64, b: *const u64, out: *mut u64, n: u32) {
    let i = thread() as usize;
    if i < n as usize {
        // SAFETY: the index is below the length that the caller vouches for.
        let (a, b) = unsafe { (*a.add(i), *b.add(i)) };
        let product = u128::from(a) * u128::from(b);
        // SAFETY: the index is below the length that the caller vouches for.
        unsafe { *out.add(i) = (product >> 64) as u64 ^ product.leading_zeros() as u64 };
    }
}
