//! Short names, which the host's resolver completes by its domains.

use crate::traveller::Traveller;

#[test]
fn a_short_name_works_under_a_rule_for_the_whole_one() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "curl -sS http://db/; curl -sS -x http://127.0.0.1:63128 http://db/; curl -sS -x socks5h://127.0.0.1:63128 http://db/
        curl -sS http://db.corp.test/; /usr/bin/python3 -c 'import socket; print(socket.create_connection((\"db\", 80))!=None)'";
    let ended = traveller.inside(&["--json", "--allow-host", "db.corp.test"], script).run();
    let ended = ended.says(r#""reached":["db.corp.test:80"],"published":[],"refused":[]"#);
    assert_eq!(ended.ok(), "api says hello\n".repeat(4) + "True");
    // As outside.
    assert_eq!(traveller.call(&["curl", "-sS", "http://db/"]).run().ok(), "api says hello");
}

#[test]
fn a_rule_may_name_the_short_name_itself() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "curl -sS http://db/; curl -sS -m 5 http://db.corp.test/; true";
    let ended = traveller.inside(&["--allow-host", "db"], script).run();
    assert_eq!(ended.says("--allow-host db.corp.test").ok(), "api says hello");
}

#[test]
fn what_is_refused_is_not_tried_below_the_hosts_domains() {
    let Some(traveller) = Traveller::new() else { return };
    let script =
        "grep search /etc/resolv.conf; curl -sS -m 5 http://evil.example.com/; curl -sS -m 5 http://other/; true";
    let ended = traveller.inside(&["--allow-host", "*.corp.test"], script).run().says("refused: evil.example.com\n");
    assert!(!ended.stderr.contains("com.corp.test"), "{ended}");
    // The rule is about what the short name stands for, which nobody has.
    let text = ended.ok();
    assert!(text.starts_with("search .\npinfold: no connection to other.corp.test:80\n"), "{text}");
}

#[test]
fn where_tls_is_opened_a_short_name_is_as_good_as_the_whole_one() {
    let Some(traveller) = Traveller::new() else { return };
    let policy = "[network]\nmode = 'rules'\nallow = [{ host = 'db.corp.test:8444', methods = ['GET'] }]\n";
    traveller.0.write("home/rules.toml", policy);
    let script = "for host in db db.corp.test; do curl -sS https://$host:8444/; curl -sS -o /dev/null -w '%{http_code}\\n' -d x https://$host:8444/; done";
    let ended = traveller.inside(&["--policy", "../rules.toml"], script).run();
    assert_eq!(ended.text(), "api says hello\n403\n".repeat(2).trim(), "{ended}");
}
