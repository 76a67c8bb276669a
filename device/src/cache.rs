//! Kernels that were specialised at run time are kept: in memory always, and on disk if the program
//! asks for it.
//!
//! An entry's name is a hash of everything that the PTX follows from: the IR of the kernel and of
//! all that it imports, the const parameters, target and PTX version, and the [compiler's own
//! sources](crossdock_codegen::FINGERPRINT). So an entry never becomes wrong, it only stops being
//! asked for, and the folder may be deleted at any time. Any number of processes may share a
//! folder: an entry is written under another name and renamed into place, and one that does not
//! match its checksum counts as absent. Where writing fails, for instance in a read-only folder,
//! nothing is kept and nothing fails.
//!
//! ```no_run
//! # extern crate crossdock_device as crossdock;
//! // Once, at the start of a program: kernels of later runs come from the user's cache folder.
//! let folder = crossdock::cache::use_platform_folder()?;
//! println!("kernels are kept in {}", folder.display());
//! # Ok::<(), crossdock::cache::Unusable>(())
//! ```

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use crossdock_codegen::back::LaunchNeeds;
use crossdock_codegen::{Error, back};
use sha2::{Digest, Sha256};

/// What this process has specialised, by what it was made for.
pub(crate) type Specialised<K, V> =
    std::sync::LazyLock<std::sync::Mutex<std::collections::HashMap<K, std::sync::Arc<V>>>>;

/// Larger files are not PTX that this crate wrote.
const MOST_BYTES: u64 = 64 << 20;

/// The first line of an entry.
const HEAD: &str = "crossdock kernel 2";

static FOLDER: RwLock<Option<PathBuf>> = RwLock::new(None);

/// Why a folder cannot hold kernels.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The platform does not say where the user's cache folder is.
    #[error("there is no cache folder for this user: set HOME, or name a folder with `use_folder`")]
    NoHome,
    /// It cannot be created, or is something else.
    #[error("{} cannot be used as a folder: {problem}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The operating system's reason.
        problem: std::io::Error,
    },
}

/// From now on, keeps specialised kernels in the folder `crossdock` of the user's cache folder:
/// `$XDG_CACHE_HOME` or `~/.cache` on Linux, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on
/// Windows. Returns the folder.
///
/// # Errors
/// When there is no such folder and it cannot be made.
pub fn use_platform_folder() -> Result<PathBuf, Unusable> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::base_strategy::choose_native_strategy().map_err(|_| Unusable::NoHome)?;
    let folder = strategy.cache_dir().join("crossdock");
    use_folder(&folder)?;
    Ok(folder)
}

/// From now on, keeps specialised kernels in this folder, which is made if it does not exist.
///
/// # Errors
/// When it is no folder and cannot be made.
pub fn use_folder(folder: impl AsRef<Path>) -> Result<(), Unusable> {
    let folder = folder.as_ref();
    fs::create_dir_all(folder)
        .map_err(|problem| Unusable::Folder { folder: folder.to_path_buf(), problem })?;
    *FOLDER.write().unwrap_or_else(PoisonError::into_inner) = Some(folder.to_path_buf());
    Ok(())
}

/// From now on, keeps specialised kernels in memory only, which is also how a program starts.
pub fn use_memory_only() {
    *FOLDER.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// What names an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The kernel that this module has under this name, for these const parameters.
    pub(crate) fn new(
        module: &[u8; 32],
        kernel: &str,
        parameters: &[(&str, i128)],
        options: &back::Options,
    ) -> Key {
        let mut parameters = parameters.to_vec();
        parameters.sort_unstable();
        let mut digest = Sha256::new();
        part(&mut digest, crossdock_codegen::FINGERPRINT);
        digest.update(module);
        part(&mut digest, kernel);
        for (name, value) in parameters {
            part(&mut digest, name);
            digest.update(value.to_le_bytes());
        }
        part(&mut digest, options.target.name());
        part(&mut digest, &options.version.to_string());
        Key(digest.finalize().into())
    }

    fn file_name(&self) -> String {
        format!("{}.ptx", hexadecimal(&self.0))
    }
}

/// A digest of texts in this order.
pub(crate) fn digest<'t>(texts: impl IntoIterator<Item = &'t str>) -> [u8; 32] {
    let mut digest = Sha256::new();
    texts.into_iter().for_each(|text| part(&mut digest, text));
    digest.finalize().into()
}

/// A part with its length, so that parts cannot run into one another.
fn part(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_le_bytes());
    digest.update(text);
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A specialised kernel without its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) ptx: String,
    pub(crate) needs: LaunchNeeds,
}

/// The entry from memory, from disk, or made now and kept. What fails is not kept.
pub(crate) fn kept(key: Key, make: impl FnOnce() -> Result<Entry, Error>) -> Result<Arc<Entry>, Error> {
    static MEMORY: LazyLock<Mutex<HashMap<Key, Arc<Entry>>>> = LazyLock::new(Mutex::default);
    let memory = || MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = memory().get(&key) {
        return Ok(Arc::clone(entry));
    }
    let folder = FOLDER.read().unwrap_or_else(PoisonError::into_inner).clone();
    let entry = match folder.as_deref().and_then(|folder| read(folder, &key)) {
        Some(entry) => entry,
        None => {
            let entry = make()?;
            if let Some(folder) = &folder {
                // A cache that does not take an entry is slower, and nothing else.
                let _ = write(folder, &key, &entry);
            }
            entry
        }
    };
    Ok(Arc::clone(memory().entry(key).or_insert_with(|| Arc::new(entry))))
}

/// The entry in the folder, if it is whole.
fn read(folder: &Path, key: &Key) -> Option<Entry> {
    let path = folder.join(key.file_name());
    // Anything but a plain file of a plausible size is left alone: opening a pipe would wait for a
    // writer.
    let found = fs::metadata(&path).ok()?;
    if !found.is_file() || found.len() > MOST_BYTES {
        return None;
    }
    let text = fs::read_to_string(&path).ok()?;
    let (head, rest) = text.split_once('\n')?;
    let (checksum, body) = rest.split_once('\n')?;
    if head != HEAD || checksum != hexadecimal(&digest([body])) {
        return None;
    }
    let (needs, ptx) = body.split_once('\n')?;
    let (block, numbers) = needs.split_once(' ')?;
    let numbers: Vec<u32> = numbers.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [is_most, grid_dimensions, shared_bytes, dynamic_shared_unit] = numbers[..] else { return None };
    let (block, block_is_most) = (block.parse().ok()?, is_most != 0);
    let needs = LaunchNeeds { block, block_is_most, grid_dimensions, shared_bytes, dynamic_shared_unit };
    Some(Entry { ptx: ptx.to_string(), needs })
}

/// Writes the entry beside its place and renames it, so that a reader sees all of it or nothing.
fn write(folder: &Path, key: &Key, entry: &Entry) -> std::io::Result<()> {
    let LaunchNeeds { block, block_is_most, grid_dimensions, shared_bytes, dynamic_shared_unit } =
        entry.needs;
    let is_most = u32::from(block_is_most);
    let body =
        format!("{block} {is_most} {grid_dimensions} {shared_bytes} {dynamic_shared_unit}\n{}", entry.ptx);
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    write!(file, "{HEAD}\n{}\n{body}", hexadecimal(&digest([body.as_str()])))?;
    file.persist(folder.join(key.file_name()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crossdock_codegen::Dim3;

    use super::*;

    fn entry(ptx: &str) -> Entry {
        let block = Dim3::from((16, 4));
        let needs = LaunchNeeds {
            block,
            block_is_most: true,
            grid_dimensions: 2,
            shared_bytes: 4096,
            dynamic_shared_unit: 12,
        };
        Entry { ptx: ptx.to_string(), needs }
    }

    fn key(parameters: &[(&str, i128)]) -> Key {
        Key::new(&digest(["module"]), "kernel", parameters, &back::Options::default())
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let entry = entry(".version 8.0\n\n// a comment\n");
        assert_eq!(read(folder.path(), &key(&[])), None);
        write(folder.path(), &key(&[]), &entry).unwrap();
        assert_eq!(read(folder.path(), &key(&[])), Some(entry.clone()));
        // Again, over what is there.
        write(folder.path(), &key(&[]), &entry).unwrap();
        assert_eq!(read(folder.path(), &key(&[])), Some(entry));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &key(&[]), &entry("ret;\n")).unwrap();
        let path = folder.path().join(key(&[]).file_name());
        let whole = fs::read(&path).unwrap();
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(read(folder.path(), &key(&[])), None, "byte {index}");
            fs::write(&path, &whole[..index]).unwrap();
            assert_eq!(read(folder.path(), &key(&[])), None, "cut at {index}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(read(folder.path(), &key(&[])), None, "a folder");
    }

    #[test]
    fn a_key_names_everything_that_the_text_follows_from() {
        let newer = back::Options::new("sm_90a", None).unwrap();
        let newest = back::Options::new("sm_90a", Some("9.0")).unwrap();
        let module = digest(["module"]);
        let keys = [
            key(&[]),
            key(&[("A", 1)]),
            key(&[("A", 2)]),
            key(&[("B", 1)]),
            key(&[("A", 1), ("B", 1)]),
            Key::new(&digest(["module", ""]), "kernel", &[], &back::Options::default()),
            Key::new(&digest(["mod", "ule"]), "kernel", &[], &back::Options::default()),
            Key::new(&module, "other", &[], &back::Options::default()),
            Key::new(&module, "kernel", &[], &newer),
            Key::new(&module, "kernel", &[], &newest),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(!keys[index + 1..].contains(one), "{index}");
        }
        assert_eq!(key(&[("A", 1), ("B", 2)]), key(&[("B", 2), ("A", 1)]));
    }
}
