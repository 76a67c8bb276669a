//! What all lanes of a warp do together.

pub mod together;
