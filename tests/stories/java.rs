//! Programs on a JVM, which have a trust store of their own kind.

use std::path::PathBuf;

use crate::desk::lacks;
use crate::network::INSPECTING;
use crate::traveller::Traveller;

/// Prints what an address answers.
const FETCH: &str = "
class Fetch {
    public static void main(String[] words) throws Exception {
        try (var answer = java.net.URI.create(words[0]).toURL().openStream()) {
            System.out.print(new String(answer.readAllBytes()));
        }
    }
}
";

/// The JVMs of the host that can compile, by their directory.
fn jvms() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let mut jvms: Vec<_> = entries.filter_map(|entry| std::fs::canonicalize(entry.path()).ok()).collect();
    jvms.retain(|jvm| jvm.join("bin/javac").exists());
    jvms.sort();
    jvms.dedup();
    jvms
}

#[test]
fn a_program_on_a_jvm_trusts_what_the_gate_signs() {
    if lacks("javac") {
        return;
    }
    let Some(traveller) = Traveller::new() else { return };
    traveller.0.write("home/rules.toml", INSPECTING);
    traveller.0.write("home/project/Fetch.java", FETCH);
    let fetch = |flags: &[&str], java: &str| {
        let script = format!("{java} Fetch.java https://api.example.com/");
        traveller.inside(flags, &script).variable("TOKEN", "value").run()
    };
    for jvm in jvms() {
        let java = jvm.join("bin/java").display().to_string();
        // Whom the tests' internet trusts, Java's own store does not know.
        fetch(&["--allow-host", "api.example.com"], &java).ends_with(1).says("PKIX path building failed");
        let ended = fetch(&["--policy", "../rules.toml"], &java);
        assert!(!ended.stderr.contains("Picked up"), "{ended}");
        assert_eq!(ended.ok(), "api says hello", "{java}");
    }
}

#[test]
fn a_jvm_in_an_odd_place_can_be_told_where_the_store_is() {
    if lacks("javac") {
        return;
    }
    let Some(traveller) = Traveller::new() else { return };
    traveller.0.write("home/rules.toml", INSPECTING);
    traveller.0.write("home/project/Fetch.java", FETCH);
    let options = "-Djavax.net.ssl.trustStore=/run/pinfold/trust.jks -Djavax.net.ssl.trustStorePassword=changeit";
    let script = format!(
        "java {options} Fetch.java https://api.example.com/ && keytool -list -storepass changeit -keystore /run/pinfold/trust.jks 2> listed | grep -c trustedCertEntry"
    );
    let text = traveller.inside(&["--policy", "../rules.toml"], &script).variable("TOKEN", "value").run().ok();
    assert_eq!(text, "api says hello\n2");
}
