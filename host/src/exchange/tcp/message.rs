//! What is sent, and how: a length in four bytes, then the message as `postcard` writes it.

use std::io::{self, Read, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::secret::Nonce;
use crate::Error;
use crate::exchange::RankExit;

/// Both ends speak the same version, or they part at once.
pub(super) const VERSION: u32 = 1;
/// The longest message before the sender has proven who it is.
pub(super) const LONGEST_GREETING: usize = 4 << 10;
/// The longest message of a member.
pub(super) const LONGEST: usize = 1 << 30;

/// From rank 0's server.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromServer {
    /// The first thing on a connection.
    Hello { version: u32, nonce: Nonce },
    /// The rank is in.
    Welcome { proof: [u8; 32] },
    /// It is not, and why.
    Refused(String),
    /// Everybody's bytes, in rank order.
    Gathered(Vec<Vec<u8>>),
    /// The gathering failed.
    Failed(Failure),
}

/// From a rank.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromClient {
    /// Answers the hello.
    Join { version: u32, rank: u32, ranks: u32, nonce: Nonce, proof: [u8; 32] },
    /// Its bytes, for everybody.
    Gather { purpose: String, bytes: Vec<u8> },
    /// It ends; the reason if it failed.
    Leave { failure: Option<String> },
}

/// The errors that a gathering can end with, as they travel.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    PeerFailed { peer: usize, reason: String },
    PeerLeft { peer: usize, purpose: String },
    OutOfStep { first: usize, first_purpose: String, second: usize, second_purpose: String },
    NotArrived { missing: Vec<usize>, waited: Duration },
    Other(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::PeerFailed { peer, reason } => Failure::PeerFailed { peer, reason },
            Error::PeerLeft { peer, purpose } => Failure::PeerLeft { peer, purpose },
            Error::OutOfStep { first, first_purpose, second, second_purpose } => {
                Failure::OutOfStep { first, first_purpose, second, second_purpose }
            }
            Error::NotArrived { missing, waited } => Failure::NotArrived { missing, waited },
            other => Failure::Other(other.to_string()),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::PeerFailed { peer, reason } => Error::PeerFailed { peer, reason },
            Failure::PeerLeft { peer, purpose } => Error::PeerLeft { peer, purpose },
            Failure::OutOfStep { first, first_purpose, second, second_purpose } => {
                Error::OutOfStep { first, first_purpose, second, second_purpose }
            }
            Failure::NotArrived { missing, waited } => Error::NotArrived { missing, waited },
            Failure::Other(reason) => Error::PeerFailed { peer: 0, reason },
        }
    }
}

impl FromClient {
    pub(super) fn leave(exit: RankExit) -> FromClient {
        let failure = match exit {
            RankExit::Finished => None,
            RankExit::Failed(reason) => Some(reason),
        };
        FromClient::Leave { failure }
    }
}

/// Sends one message.
pub(super) fn send(mut to: impl Write, message: &impl Serialize) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(invalid)?;
    if bytes.len() > LONGEST {
        return Err(invalid(format!("a message of {} bytes; at most {LONGEST} fit", bytes.len())));
    }
    let mut frame = Vec::with_capacity(4 + bytes.len());
    frame.extend((bytes.len() as u32).to_le_bytes());
    frame.extend(bytes);
    to.write_all(&frame)?;
    to.flush()
}

/// Receives one message of at most `longest` bytes.
pub(super) fn receive<M: DeserializeOwned>(mut from: impl Read, longest: usize) -> io::Result<M> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > longest {
        return Err(invalid(format!("a message of {length} bytes; at most {longest} are accepted")));
    }
    // Memory grows with what arrives, not with what a stranger announces.
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    postcard::from_bytes(&bytes).map_err(invalid)
}

fn invalid(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
