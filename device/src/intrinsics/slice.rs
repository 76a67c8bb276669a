//! Slices typed by state space: a pointer and the number of elements that it reaches.
//!
//! They are checked like Rust's slices: an element or a part that does not exist is a `trap` on the
//! GPU, which ends the launch with an error, and a panic on the host. `slice.pointer()` is the way
//! around the check.

use super::pointer::{Global, Index, Peer, Shared};

macro_rules! slice {
    ($(#[$doc:meta])* $name:ident, $pointer:ident) => {
        $(#[$doc])*
        #[repr(C)]
        pub struct $name<T> {
            pub(super) pointer: $pointer<T>,
            pub(super) length: u64,
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x}; {})"), self.pointer.address(), self.length)
            }
        }

        impl<T> $name<T> {
            /// How many elements there are.
            pub const fn len(self) -> usize {
                self.length as usize
            }

            /// Whether there are none.
            pub const fn is_empty(self) -> bool {
                self.length == 0
            }

            /// The first element, without bounds: what is reached from it is not checked.
            pub const fn pointer(self) -> $pointer<T> {
                self.pointer
            }
        }

        impl<T: Copy> $pointer<T> {
            /// The `length` elements from here on: what is asked of the slice is checked against
            /// `length`.
            pub fn slice<I: Index>(self, length: I) -> $name<T> {
                $name { pointer: self, length: length.wide() }
            }
        }

        impl<T: Copy> $name<T> {
            /// The element `index`, which must be below [`len`](Self::len).
            #[track_caller]
            pub fn at<I: Index>(self, index: I) -> $pointer<T> {
                let (index, length) = (index.wide(), self.length);
                assert!(index < length, "index out of bounds: the slice has {length} elements but the index is {index}");
                self.pointer.at(index)
            }

            /// The elements from `start` up to, without, `end`; `start <= end <= len`.
            #[track_caller]
            pub fn subslice<I: Index, J: Index>(self, start: I, end: J) -> Self {
                let (start, end, length) = (start.wide(), end.wide(), self.length);
                assert!(
                    start <= end && end <= length,
                    "range out of bounds: the slice has {length} elements but the range is {start}..{end}"
                );
                self.pointer.at(start).slice(end - start)
            }

            /// The first `middle` elements, and the others; `middle <= len`.
            #[track_caller]
            pub fn split_at<I: Index>(self, middle: I) -> (Self, Self) {
                let middle = middle.wide();
                (self.subslice(0u32, middle), self.subslice(middle, self.length))
            }
        }
    };
}

slice! {
    /// Elements in this GPU's own global memory. As a kernel parameter it is two: the address and
    /// the number of elements.
    GlobalSlice, Global
}
slice! {
    /// Elements in the block's shared memory: `shared::<T>(64).slice(64)`.
    SharedSlice, Shared
}
slice! {
    /// Elements in the symmetric memory of some rank: `peers.rank(rank).slice(length)`.
    PeerSlice, Peer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_where_their_first_element_is() {
        let words = Global::<u32>::from_address(0x100).slice(10u32);
        let (first, rest) = words.split_at(4u32);
        assert_eq!((first.len(), rest.len(), rest.pointer().address()), (4, 6, 0x110));
        let middle = rest.subslice(1u64, 3usize);
        assert_eq!((middle.len(), middle.at(1u32).address()), (2, 0x118));
        assert!(words.subslice(10u32, 10u32).is_empty());
        assert_eq!(format!("{middle:?}"), "GlobalSlice(0x114; 2)");
    }

    #[test]
    #[should_panic(expected = "the slice has 3 elements but the index is 3")]
    fn an_element_that_does_not_exist_panics() {
        Global::<u32>::from_address(0x100).slice(3u32).at(3u32);
    }

    #[test]
    #[should_panic(expected = "the slice has 3 elements but the range is 2..1")]
    fn a_reversed_range_panics() {
        Global::<u32>::from_address(0x100).slice(3u32).subslice(2u32, 1u32);
    }

    #[test]
    #[should_panic(expected = "the slice has 3 elements but the range is 0..4")]
    fn a_split_behind_the_end_panics() {
        Global::<u32>::from_address(0x100).slice(3u32).split_at(4u32);
    }
}
