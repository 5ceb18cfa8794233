//! Hosts of rules and of clients: a name has one form and is never an address, and what is near is reached only by a
//! rule that means it. The input is a rule, a destination, and a path, each on its line.
#![no_main]

use std::net::IpAddr;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use pinfold_policy::{
    Destination, HOST_NAME, Host, Layer, LayerKind, Name, Places, Platform, PolicyFile, Rules, Setting, merge, special,
};

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (rule, to, path) = (next(), next(), next());
    one_form(to);
    let mut flags = PolicyFile::default();
    if flags.add_flag(Setting::AllowHost, rule, "--allow-host").is_err() {
        return;
    }
    let (Some(rules), Ok(to)) = (rules(flags), Destination::parse(to, 443)) else { return };
    let ruling = rules.connect(&to);
    assert!(!rules.request(&to, "GET", path).allowed() || ruling.allowed());
    if ruling.allowed() {
        assert_eq!(rules.smallest_change(&to), None);
        near(&rules, rule, &to);
    }
});

fn one_form(text: &str) {
    if let Ok(name) = Name::new(text) {
        assert_eq!(Name::new(name.as_str()), Ok(name.clone()));
        assert!(name.as_str().parse::<IpAddr>().is_err(), "{name}");
    }
    if let Ok(host) = Host::new(text) {
        assert_eq!(Host::new(&host.to_string()), Ok(host));
    }
}

/// What is near is named by an address or a range in the rule, never by a name.
fn near(rules: &Rules, rule: &str, to: &Destination) {
    for address in ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "64:ff9b::a00:1", "2002:7f00:1::"] {
        let address: IpAddr = address.parse().expect("an address");
        assert!(special(address).is_some());
        let by_name = to.name.is_some() && to.name.as_ref().is_some_and(|name| name.as_str() != HOST_NAME);
        assert!(!by_name || !rules.address(address, to).allowed(), "{rule} lets {to} lead to {address}");
    }
    if let Some(block) = to.address.and_then(special) {
        assert!(rule.contains(['.', ':']) && !rule.contains("/0"), "{rule} opens {}", block.what);
    }
}

fn rules(flags: PolicyFile) -> Option<Rules> {
    let home = Path::new("/home/ada");
    let places = Places { platform: Platform::Linux, workspace: home.join("work"), home: home.into() };
    let merged = merge(&[Layer::new(LayerKind::CommandLine, flags)], &places).ok()?;
    Some(Rules::new(&merged.policy))
}
