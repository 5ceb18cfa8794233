//! What a client says after its connection was recognised, as far as it could still name another host.

use pinfold_policy::Name;

use crate::hello::{Again, Hello};
use crate::limits::OPENING_BYTES_MAX;
use crate::relay::Cut;
use crate::sniff::{Sniffed, sniff};

/// A look at the first bytes that pass.
#[derive(Debug)]
pub(crate) enum Watch {
    /// Nothing more can be misunderstood.
    Over,
    /// Nothing was recognised yet: a request or a hello would have to be read before it passes, and is cut off.
    Unclear(Vec<u8>),
    /// A hello was read. The server may want another one (RFC 8446, section 4.1.2), which must name the same host.
    Hello {
        /// The host of the first one.
        name: Option<Name>,
        /// May data come between the two? So much of it that no server skips it means that there is no other one.
        early: bool,
        /// What came after it.
        seen: Vec<u8>,
    },
}

impl Watch {
    /// Watches what follows these bytes, which were not recognised.
    pub(crate) fn unclear(early: &[u8]) -> Self {
        Self::Unclear(early.to_vec())
    }

    /// Watches what follows this hello.
    ///
    /// # Errors
    /// When another one came along with it, before the server could ask for it.
    pub(crate) fn after(hello: &Hello, early: &[u8]) -> Result<Self, Cut> {
        let mut watch = Self::Hello { name: hello.name.clone(), early: hello.early, seen: Vec::new() };
        watch.see(early.get(hello.length..).unwrap_or_default())?;
        Ok(watch)
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Looks at bytes that are about to pass.
    ///
    /// # Errors
    /// When they complete what must not pass.
    pub(crate) fn see(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        let over = match self {
            Self::Over => return Ok(()),
            Self::Unclear(seen) => {
                seen.extend_from_slice(bytes);
                match sniff(seen) {
                    Sniffed::Http | Sniffed::Tls(_) | Sniffed::BrokenTls => return Err(Cut::LateOpening),
                    Sniffed::Other => true,
                    Sniffed::Undecided { .. } => seen.len() > OPENING_BYTES_MAX,
                }
            }
            Self::Hello { name, early, seen } => {
                seen.extend_from_slice(bytes);
                match Again::read(seen, *early) {
                    Again::Undecided if seen.len() <= OPENING_BYTES_MAX => false,
                    Again::Hello(hello) if hello.name == *name && !hello.encrypted => true,
                    Again::No => true,
                    Again::Undecided if *early => true,
                    _ => return Err(Cut::OtherHello),
                }
            }
        };
        if over {
            *self = Self::Over;
        }
        Ok(())
    }
}
