//! The certificates that programs inside trust, where TLS is opened: those of the host and that of the gate.

use std::fs::File;
use std::io::{self, Write};

use pinfold_gate::java_trust_store;

/// The files that hold them. They stay the same files from the beginning: whoever is to read them is led to them before
/// there is a gate.
#[derive(Debug)]
pub struct Bundle {
    pem: File,
    java: File,
    certificates: Vec<u8>,
}

impl Bundle {
    /// Begins with two empty files, one in PEM and a store of Java's, and what the host trusts, in PEM.
    pub fn new(pem: File, java: File, of_host: Vec<u8>) -> Self {
        Self { pem, java, certificates: of_host }
    }

    /// Adds that of the gate and writes all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self, certificate: &str) -> io::Result<()> {
        self.certificates.extend(format!("\n{certificate}").as_bytes());
        self.pem.write_all(&self.certificates)?;
        self.java.write_all(&java_trust_store(&self.certificates))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_the_host_come_first_and_each_is_in_both_files() {
        let directory = std::env::temp_dir().join(format!("pinfold-bundle-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let [pem, java] = ["pem", "jks"].map(|name| directory.join(name));
        let one = |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        let files = [&pem, &java].map(|path| File::create(path).expect("a file"));
        let [of_pem, of_java] = files;
        Bundle::new(of_pem, of_java, one("AQID").into()).finish(&one("BA==")).expect("written");
        let written = [&pem, &java].map(|path| std::fs::read(path).expect("a file"));
        assert_eq!(written[0], format!("{}\n{}", one("AQID"), one("BA==")).as_bytes());
        assert_eq!(written[1], java_trust_store(&written[0]));
        assert_eq!(written[1][8..12], 2_u32.to_be_bytes());
        std::fs::remove_dir_all(&directory).expect("removed");
    }
}
