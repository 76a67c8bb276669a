//! The twin: what rustc gets.

use crate::modules::items;
use crossdock_codegen::front::twin;
use quote::ToTokens;

/// The twin's tokens, and those of the Rust that is expected.
#[track_caller]
fn becomes(source: &str, expected: &str) {
    let plain = |item: &syn::Item| item.to_token_stream().to_string().replace(' ', "");
    let tokens = |items: Vec<syn::Item>| items.iter().map(plain).collect::<Vec<_>>();
    assert_eq!(tokens(twin(items(source))), tokens(items(expected)));
}

#[test]
fn a_role_becomes_a_branch_whose_numbers_rustc_checks() {
    becomes(
        "fn f<const WARPS: u32>() {
            #[role(producer, warps = 0..1, registers = 40)] { g(); }
            #[role(consumer, warps = 1..1 + WARPS)] { #[unroll] for i in 0..4 { g(); } }
        }",
        "fn f<const WARPS: u32>() {
            if const { let _numbers: &[u32] = &[0, 1, 40]; _numbers[0] < _numbers[1] } { g(); }
            if const { let _numbers: &[u32] = &[1, 1 + WARPS,]; _numbers[0] < _numbers[1] } { for i in 0..4 { g(); } }
        }",
    );
}

#[test]
fn device_attributes_are_stripped_and_others_stay() {
    becomes(
        "/// Doc.
        #[kernel(warps = 8)]
        #[inline]
        pub fn f() {
            if true {
                #[unroll]
                #[allow(unused)]
                for i in 0..4 { #[unroll] for j in 0..2 {} }
            }
        }
        impl A { #[kernel(warps = 1)] fn g() { #[unroll] while true { #[unroll] loop {} } } }",
        "/// Doc.
        #[inline]
        pub fn f() {
            if true {
                #[allow(unused)]
                for i in 0..4 { for j in 0..2 {} }
            }
        }
        impl A { fn g() { while true { loop {} } } }",
    );
}

#[test]
fn messages_of_relations_are_plain_and_their_arguments_still_checked() {
    becomes(
        "fn f<const N: u32>() {
            const { assert!(g::<N, 2>() == 1, \"{} is not {N}: {}\", N, N + 1) };
            const { assert!(N > 1); }
        }",
        "fn f<const N: u32>() {
            const {
                let _ = (N, N + 1,);
                assert!(g::<N, 2>() == 1, \"N is not N: N + 1\")
            };
            const { assert!(N > 1); }
        }",
    );
}

#[test]
fn a_relation_of_the_twin_compiles() {
    // The expectation above, as rustc sees it.
    const fn g<const A: u32, const B: u32>() -> u32 {
        A - B
    }
    fn f<const N: u32>() -> u32 {
        const {
            let _ = (N, N + 1);
            assert!(g::<N, 2>() == 1, "N is not N: N + 1")
        };
        N
    }
    assert_eq!(f::<3>(), 3);
}
