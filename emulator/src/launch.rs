//! What the host hands to [`Machine::launch`](crate::Machine::launch), and the small handles it
//! gets back.

/// A loaded PTX module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Module(pub(crate) usize);

/// An entry point of a loaded module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kernel(pub(crate) usize);

/// An enqueued launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub(crate) usize);

/// One kernel launch.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The GPU that runs it.
    pub gpu: usize,
    /// The stream of that GPU; kernels of one stream run in order, streams run concurrently.
    pub stream: u32,
    /// What runs.
    pub kernel: Kernel,
    /// Blocks in x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y and z.
    pub block: [u32; 3],
    /// Dynamic shared memory of each block in bytes.
    pub shared_bytes: u32,
    /// One value per parameter, in order.
    pub arguments: Vec<Argument>,
}

/// The value of a kernel parameter; its size must be that of the `.param` declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// Four bytes.
    U32(u32),
    /// Eight bytes, for example a device address.
    U64(u64),
    /// Four bytes.
    F32(f32),
    /// The bytes of a structure or of any other type.
    Bytes(Vec<u8>),
}

impl Argument {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Argument::U32(value) => value.to_le_bytes().to_vec(),
            Argument::U64(value) => value.to_le_bytes().to_vec(),
            Argument::F32(value) => value.to_le_bytes().to_vec(),
            Argument::Bytes(bytes) => bytes.clone(),
        }
    }
}
