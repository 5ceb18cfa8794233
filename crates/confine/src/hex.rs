//! Bytes as digits.

/// Two lower-case hexadecimal digits for each byte: names and digests.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
