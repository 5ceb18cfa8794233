//! What came of one attack.

/// What is known once it was tried on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tried {
    /// It succeeded without the sandbox and failed inside.
    Contained,
    /// It succeeded inside.
    Succeeded,
    /// It proves nothing here, because of this.
    Nowhere(String),
}

/// Adds what was seen of one attack on both sides up.
pub(crate) fn judge(bare: bool, inside: bool) -> Tried {
    match (bare, inside) {
        (false, _) => Tried::Nowhere("it fails here even without the sandbox".into()),
        (true, true) => Tried::Succeeded,
        (true, false) => Tried::Contained,
    }
}
