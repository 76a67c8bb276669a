//! What a kernel looks like from outside: the signature before specialisation and the finished
//! kernel after it.

use crossdock_ptx::Version;
use crossdock_ptx::table::{NEWEST_VERSION, Target};

use crate::Error;
use crate::dim3::Dim3;
use crate::ir::{KernelAttributes, Scalar, Type, block_mistake};

/// A kernel of a linked program, still generic.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelSignature {
    /// Function name.
    pub name: String,
    /// Module that defines it.
    pub module: String,
    /// Const parameters and their types, in order.
    pub const_parameters: Vec<(String, Scalar)>,
    /// Run-time parameters, in order.
    pub parameters: Vec<KernelParameter>,
    /// How it is launched.
    pub attributes: KernelAttributes,
}

/// A run-time parameter of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelParameter {
    /// Rust name.
    pub name: String,
    /// A scalar, `Global`, `Peer` or `Peers`; a slice, which is declared as two: the address and
    /// the number of elements; or a struct of these, which is declared as its fields are, in order.
    pub ty: Type,
}

/// A specialised kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// The entry's name.
    pub name: String,
    /// A module with this one entry.
    pub ptx: crossdock_ptx::Module,
    /// Run-time parameters in order, as they are declared in the entry.
    pub parameters: Vec<KernelParameter>,
    /// What a launch must know.
    pub needs: LaunchNeeds,
}

/// What a launch of a specialised kernel must know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LaunchNeeds {
    /// Threads of a block: `.reqntid`.
    pub block: Dim3,
    /// Whether these are the most, of which a launch may have fewer along each dimension:
    /// `.maxntid`.
    pub block_is_most: bool,
    /// Dimensions that its grids may have, 1 to 3.
    pub grid_dimensions: u32,
    /// Bytes of static shared memory; with dynamic shared memory, up to where that begins.
    pub shared_bytes: u32,
    /// The bytes of dynamic shared memory are a multiple of this, the size of an element (of
    /// elements of several sizes, their least common multiple). 0 in kernels without.
    pub dynamic_shared_unit: u32,
}

impl LaunchNeeds {
    /// The block of a launch that asks for this one, or a sentence.
    ///
    /// # Errors
    /// When the kernel has no such block.
    pub fn block(&self, asked: Option<Dim3>) -> Result<Dim3, String> {
        let LaunchNeeds { block: stated, block_is_most, .. } = *self;
        let Some(asked) = asked else { return Ok(stated) };
        if let Some(message) = block_mistake(asked) {
            return Err(message);
        }
        let fits = asked.extents().iter().zip(stated.extents()).all(|(asked, most)| *asked <= most);
        match (asked == stated, block_is_most) {
            (true, _) => Ok(asked),
            (_, true) if fits => Ok(asked),
            (_, true) => Err(format!(
                "the kernel is made for blocks of at most {stated} threads along each dimension (`.maxntid`), and {asked} were \
                 asked for: state no more, or a larger `max_threads` in its `#[kernel(..)]`"
            )),
            (_, false) => Err(format!(
                "the kernel is made for blocks of {stated} threads (`.reqntid`), and {asked} were asked for: state no block, or \
                 `max_threads` in its `#[kernel(..)]` if launches choose"
            )),
        }
    }
}

/// What the PTX is made for. The default is the oldest target, whose text runs on every supported
/// GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// `.target`: the least architecture that runs it.
    pub target: Target,
    /// `.version`: the PTX ISA version that the text is written in.
    pub version: Version,
}

impl Default for Options {
    fn default() -> Options {
        Options::from(Target::OLDEST)
    }
}

impl From<Target> for Options {
    /// For that target, in the PTX version that text for it is usually written in.
    fn from(target: Target) -> Options {
        Options { target, version: target.written_in() }
    }
}

impl Options {
    /// For the target of that name, such as `sm_90a`, in the PTX version `8.6` or, when none is
    /// given, in the one that text for the target is usually written in.
    ///
    /// # Errors
    /// [`Error::Parameter`] when there is no such target or version, or the version is older than
    /// the target.
    pub fn new(target: &str, version: Option<&str>) -> Result<Options, Error> {
        let error =
            |parameter: &str, message: String| Error::Parameter { parameter: parameter.to_string(), message };
        let Some(target) = Target::named(target) else {
            let known = Target::all().map(Target::name).collect::<Vec<_>>().join(", ");
            return Err(error("target", format!("there is no target `{target}`: write one of {known}")));
        };
        let Some(written) = version else { return Ok(Options::from(target)) };
        let Some(version) = Version::parse(written) else {
            let message = format!(
                "there is no PTX version `{written}`: write one from {} to {NEWEST_VERSION}",
                target.since()
            );
            return Err(error("ptx", message));
        };
        if version < target.since() {
            let message = format!(
                "{target} exists since PTX {}, and {version} is older: write {} or leave the version out",
                target.since(),
                target.since()
            );
            return Err(error("ptx", message));
        }
        Ok(Options { target, version })
    }
}
