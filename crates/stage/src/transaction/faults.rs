//! Where tests let the disk be full, the program be killed, or somebody else be quicker.

/// Is called before each change of anything on a disk.
#[cfg(not(test))]
pub(super) fn point() -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(super) use super::tests::faults::point;
