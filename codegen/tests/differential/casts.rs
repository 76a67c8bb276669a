//! Every pair of scalar types that `as` converts between.

use crate::execute::unary;

macro_rules! casts {
    ($($from:ident => [$($to:ident)*];)*) => {$(
        #[test]
        fn $from() {
            $(unary::<$from, $to>(concat!("a as ", stringify!($to)), |a| a as $to);)*
        }
    )*};
}

casts! {
    bool => [bool u8 u16 u32 u64 i8 i16 i32 i64];
    u8 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    u16 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    u32 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    u64 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    i8 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    i16 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    i32 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    i64 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    f32 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
    f64 => [u8 u16 u32 u64 i8 i16 i32 i64 f32 f64];
}

#[test]
fn through_a_narrower_type() {
    unary::<u32, i64>("a as i8 as u16 as i64", |a| a as i8 as u16 as i64);
    unary::<i64, u64>("a as u16 as i16 as u64", |a| a as u16 as i16 as u64);
    unary::<f64, f64>("a as f32 as f64", |a| a as f32 as f64);
    unary::<f32, f32>("a as i16 as f32", |a| a as i16 as f32);
}
