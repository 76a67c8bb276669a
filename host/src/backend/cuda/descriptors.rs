//! Memory handles between the processes of a node: file descriptors over a Unix socket
//! (`SCM_RIGHTS`), which needs no privilege. The socket lies in a folder that only this user can
//! enter.

use std::collections::HashMap;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use tempfile::TempDir;

/// How long either end waits for the other.
const PATIENCE: Duration = Duration::from_secs(20);

/// Hands out file descriptors by number, until everybody has had the time to ask, or it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    offered: Arc<Mutex<Offers>>,
    folder: TempDir,
    path: String,
}

/// What is offered. A descriptor keeps the memory behind it, so it must not stay longer than it is
/// asked for.
#[derive(Debug, Default)]
struct Offers {
    files: HashMap<u64, (OwnedFd, u64)>,
    /// How often all ranks have met.
    meetings: u64,
}

impl Server {
    pub(super) fn start() -> io::Result<Server> {
        // `tempfile` makes folders that only their owner enters.
        let folder = tempfile::Builder::new().prefix("crossdock-").tempdir()?;
        let path = folder.path().join("memory");
        let listener = UnixListener::bind(&path)?;
        let path = path
            .to_str()
            .ok_or_else(|| io::Error::other("the temporary folder's name is not UTF-8"))?
            .to_owned();
        let offered = Arc::new(Mutex::new(Offers::default()));
        let here = Arc::downgrade(&offered);
        thread::Builder::new().name("memory exchange".into()).spawn(move || {
            for connection in listener.incoming().flatten() {
                let Some(offered) = here.upgrade() else { return };
                if let Err(error) = answer(&connection, &offered) {
                    tracing::debug!(%error, "a request for memory failed");
                }
            }
        })?;
        Ok(Server { offered, folder, path })
    }

    /// Where to ask.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// From now on whoever asks for `number` gets `file`.
    pub(super) fn offer(&self, number: u64, file: OwnedFd) {
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        let now = offered.meetings;
        offered.files.insert(number, (file, now));
    }

    /// All ranks have met. They offer before a meeting and ask before the next one, so what was
    /// offered before the meeting before this one is not asked for any more.
    pub(super) fn all_have_met(&self) {
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        offered.meetings += 1;
        let now = offered.meetings;
        offered.files.retain(|_, (_, since)| *since + 1 >= now);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The thread ends with the next connection, when it finds nobody to serve.
        self.offered = Arc::default();
        let _ = UnixStream::connect(self.folder.path().join("memory"));
    }
}

fn answer(mut connection: &UnixStream, offered: &Mutex<Offers>) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let mut number = [0; 8];
    connection.read_exact(&mut number)?;
    let offered = offered.lock().unwrap_or_else(PoisonError::into_inner);
    let file = offered.files.get(&u64::from_le_bytes(number));
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let files: Vec<_> = file.iter().map(|(file, _)| file.as_fd()).collect();
    if !files.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(&files));
    }
    // At least one byte must travel for a descriptor to come along.
    rustix::net::sendmsg(
        connection,
        &[IoSlice::new(&[files.len() as u8])],
        &mut ancillary,
        SendFlags::empty(),
    )?;
    Ok(())
}

/// The file descriptor that the server at `path` offers as `number`.
pub(super) fn ask(path: &str, number: u64) -> io::Result<OwnedFd> {
    use std::io::Write;

    let mut connection = UnixStream::connect(path)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(&number.to_le_bytes())?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    rustix::net::recvmsg(
        &connection,
        &mut [IoSliceMut::new(&mut byte)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let files = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => Some(files),
        _ => None,
    });
    files
        .flatten()
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "nothing is offered by that number"))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, Write};

    use super::*;

    fn file(contents: &str) -> OwnedFd {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(contents.as_bytes()).expect("room");
        file.into()
    }

    fn contents(file: OwnedFd) -> String {
        let mut file = File::from(file);
        file.rewind().expect("a file");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("text");
        text
    }

    #[test]
    fn descriptors_are_handed_over_by_number() {
        let server = Server::start().expect("a socket");
        server.offer(3, file("three"));
        server.offer(7, file("seven"));
        for (number, text) in [(7, "seven"), (3, "three"), (7, "seven")] {
            assert_eq!(contents(ask(server.path(), number).expect("offered")), text);
        }
        let error = ask(server.path(), 4).expect_err("not offered");
        assert!(error.to_string().contains("nothing is offered"), "{error}");
    }

    #[test]
    fn descriptors_are_kept_until_everybody_must_have_asked() {
        let server = Server::start().expect("a socket");
        server.offer(0, file("zero"));
        server.all_have_met();
        server.offer(1, file("one"));
        assert_eq!(contents(ask(server.path(), 0).expect("peers ask after the meeting")), "zero");
        server.all_have_met();
        let error = ask(server.path(), 0).expect_err("all have asked before they met again");
        assert!(error.to_string().contains("nothing is offered"), "{error}");
        assert_eq!(contents(ask(server.path(), 1).expect("peers ask after the meeting")), "one");
    }

    #[test]
    fn a_server_that_is_gone_is_an_error() {
        let server = Server::start().expect("a socket");
        let path = server.path().to_owned();
        drop(server);
        ask(&path, 0).expect_err("nobody listens");
    }

    #[test]
    fn a_client_that_says_nothing_holds_nobody_up_for_ever() {
        let server = Server::start().expect("a socket");
        server.offer(0, file("zero"));
        let silent = UnixStream::connect(server.path()).expect("a connection");
        drop(silent);
        assert_eq!(contents(ask(server.path(), 0).expect("offered")), "zero");
    }
}
