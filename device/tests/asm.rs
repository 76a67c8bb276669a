//! Inline PTX through the macros: executed on the emulator and compared with what the host
//! computes.

mod harness;

use crossdock_device::device;
use harness::{Memory, run};

/// Uses of inline PTX.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::prelude::*;

    /// `a * b`, both halves.
    pub fn product(a: u32, b: u32) -> (u32, u32) {
        ptx!(
            "mul.lo.u32 {low}, {a}, {b};",
            "mul.hi.u32 {high}, {a}, {b};",
            a = in(a), b = in(b), low = out(u32), high = out(u32)
            => { let product = a as u64 * b as u64; (product as u32, (product >> 32) as u32) }
        )
    }

    /// `value`, or twice that if it is odd.
    pub fn doubled_if_odd(value: u32) -> u32 {
        ptx!(
            "and.b32 {bit}, {value}, 1; setp.ne.u32 {odd}, {bit}, 0; @{odd} shl.b32 {value}, {value}, {one}",
            value = inout(value), bit = scratch(u32), odd = scratch(bool), one = const(1),
            => if value % 2 == 1 { value << 1 } else { value }
        )
    }

    /// The bytes of both words that the selector names.
    pub fn permuted<const SELECTOR: u32>(a: u32, b: u32) -> u32 {
        ptx!("prmt.b32 {d}, {a}, {b}, {selector};", a = in(a), b = in(b), selector = const(SELECTOR), d = out(u32))
    }

    /// Small integers pass through registers of their size.
    pub fn narrow(a: u16, b: i16, c: i8) -> (u16, i16, i8) {
        ptx!(
            "add.u16 {x}, {a}, {a}; sub.s16 {y}, {b}, {b2}; cvt.s8.s32 {z}, {c32};",
            a = in(a), b = in(b), b2 = in((a as i16).wrapping_add(5)), c32 = in(c as i32 * 3),
            x = out(u16), y = out(i16), z = out(i8)
            => (a.wrapping_add(a), b.wrapping_sub((a as i16).wrapping_add(5)), (c as i32 * 3) as i8)
        )
    }

    /// Reads four words, and writes them back in reverse, as vectors.
    pub fn reversed(place: Global<B128>) {
        let (x, y, z, w) = ptx!(
            "ld.global.v4.b32 {x, y, z, w}, [{place}];",
            place = in(place), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
        );
        ptx!("st.global.v2.b32 [{place}+8], {y, x};", place = in(place), x = in(x), y = in(y));
        ptx!("st.global.v2.b32 [{place}], {w, z};", place = in(place), z = in(z), w = in(w));
    }

    /// Everything above, one element a lane.
    #[kernel(warps = 1)]
    pub fn all(values: Global<B128>, results: Global<u32>) {
        let place = values.at(lane());
        let value = place.read();
        reversed(place);
        let at = results.at(lane() * 12);
        let (low, high) = product(value.x, value.y);
        at.at(0u32).write(low);
        at.at(1u32).write(high);
        at.at(2u32).write(doubled_if_odd(value.x));
        at.at(3u32).write(permuted::<0x5140>(value.x, value.y));
        let (a, b, c) = narrow(value.x as u16, value.y as i16, value.z as i8);
        at.at(4u32).write(a as u32);
        at.at(5u32).write(b as u32);
        at.at(6u32).write(c as u32);
        // A shared address, with an offset that folds into it.
        let shared_words = shared::<u32>(64);
        ptx!("st.shared::cta.u32 [{to}+4], {value};", to = in(shared_words.at(lane() + 8)), value = in(value.w));
        warp_barrier();
        let found =
            ptx!("ld.shared.u32 {d}, [{from}];", from = in(shared_words.at(lane() + 9)), d = out(u32));
        at.at(7u32).write(found);
        // A vote of all lanes may decide about a barrier.
        let every =
            ptx!("vote.sync.all.pred {p}, !{asked}, 0xffffffff;", asked = in(value.x == 0), p = out(bool));
        if every {
            warp_barrier();
        }
        at.at(8u32).write(every as u32);
        let sum = ptx!("redux.sync.add.u32 {d}, {a}, {all};", a = in(value.x), all = const(ALL_LANES), d = out(u32));
        at.at(9u32).write(sum);
        at.at(10u32).write(ptx!("mov.u32 {d}, %lanemask_lt;", d = out(u32)));
        let (hole, some) =
            ptx!("match.all.sync.b32 {d}|{p}, {a}, -1;", a = in(7u32), d = out(u32), p = out(bool));
        at.at(11u32).write(if some { hole } else { 0 });
    }
}

#[test]
fn instructions_do_what_the_host_computes() {
    let mut words: Vec<u32> = Vec::new();
    let mut state = 1u64;
    for _ in 0..32 * 4 {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        words.push((state >> 32) as u32);
    }
    let mut memory = Memory::new(1);
    let values = memory.global(&words);
    let results = memory.global(&[0u32; 32 * 12]);
    let arguments = code::AllArguments { values: values.pointer(), results: results.pointer() };
    run(&mut memory, &code::__device::MODULE, arguments, &[]);
    let found = memory.words(&results);
    let sum = (0..32).fold(0u32, |sum, lane| sum.wrapping_add(words[lane * 4]));
    for lane in 0..32 {
        let [x, y, z, w] = words[lane * 4..lane * 4 + 4] else { unreachable!("four words") };
        let (low, high) = code::product(x, y);
        let (a, b, c) = code::narrow(x as u16, y as i16, z as i8);
        let permuted = u32::from_le_bytes([x as u8, y as u8, (x >> 8) as u8, (y >> 8) as u8]);
        let expected = [
            low,
            high,
            code::doubled_if_odd(x),
            permuted,
            u32::from(a),
            b as u32,
            c as u32,
            w,
            1,
            sum,
            (1 << lane) - 1,
            u32::MAX,
        ];
        assert_eq!(found[lane * 12..lane * 12 + 12], expected, "lane {lane}");
        assert_eq!(memory.words(&values)[lane * 4..lane * 4 + 4], [w, z, y, x], "lane {lane}");
    }
}

#[test]
#[should_panic(expected = "`prmt.b32 {d}, {a}, {b}, {selector};` runs only on a GPU or in the emulator")]
fn the_host_says_that_it_needs_a_gpu() {
    code::permuted::<1>(1, 2);
}
