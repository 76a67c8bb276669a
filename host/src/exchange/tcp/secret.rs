//! How both ends show that they know the shared secret without sending it: HMAC-SHA-256 (RFC 2104)
//! over fresh random numbers of both.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Random bytes, new for each connection.
pub(super) type Nonce = [u8; 32];

/// What all ranks share; empty if the user gave none, and then everybody knows it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

/// What is proven; each end proves something else, so that no proof can be sent back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claim {
    /// A client that joins as this rank of so many.
    Joins { rank: u32, ranks: u32 },
    /// The server of the group.
    Hosts,
}

impl Secret {
    pub(super) fn new(text: String) -> Secret {
        Secret(text)
    }

    /// What shows that the sender knows the secret.
    pub(super) fn proof(&self, claim: Claim, server: &Nonce, client: &Nonce) -> [u8; 32] {
        self.code(claim, server, client).finalize().into_bytes().into()
    }

    /// Whether `proof` shows it; takes the same time whatever differs.
    pub(super) fn accepts(&self, proof: &[u8; 32], claim: Claim, server: &Nonce, client: &Nonce) -> bool {
        self.code(claim, server, client).verify_slice(proof).is_ok()
    }

    fn code(&self, claim: Claim, server: &Nonce, client: &Nonce) -> Hmac<Sha256> {
        let mut code =
            Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of any length");
        match claim {
            Claim::Joins { rank, ranks } => {
                code.update(b"crossdock joins");
                code.update(&rank.to_le_bytes());
                code.update(&ranks.to_le_bytes());
            }
            Claim::Hosts => code.update(b"crossdock hosts"),
        }
        code.update(server);
        code.update(client);
        code
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "(hidden)" })
    }
}

/// Fresh random bytes of the operating system.
pub(super) fn nonce() -> std::io::Result<Nonce> {
    let mut bytes = Nonce::default();
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}
