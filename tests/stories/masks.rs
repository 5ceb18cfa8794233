//! Work with settings whose values are nobody's business.

use crate::desk::Desk;

const SETTINGS: &str = "# the robot\nexport TOKEN=\"hunter2\"\nURL=https://ada:hunter2@db.example/\n\nDEBUG=\n";
const MASKED: &str = "# the robot\nexport TOKEN=\"pinfold-masked-TOKEN\"\nURL=pinfold-masked-URL\n\nDEBUG=\n";

#[test]
fn a_program_finds_the_keys_of_its_settings_and_no_values() {
    let desk = Desk::new();
    desk.write("home/project/.env", SETTINGS);
    desk.write("home/project/packages/a/.env", "OTHER=hunter2\n");
    assert!(desk.inside("cat .env").code() != 0, "denied by default");
    let run = desk.inside_with(&["--mask", ".env"], "cat .env packages/a/.env; . ./.env; echo $TOKEN; test -w .env");
    assert_eq!(run.code(), 1);
    assert_eq!(run.text(), format!("{MASKED}OTHER=pinfold-masked-OTHER\npinfold-masked-TOKEN"));
    assert_eq!(desk.read("home/project/.env"), SETTINGS);
}

#[test]
fn who_asks_about_a_hidden_file_with_settings_is_told_of_the_mask() {
    let desk = Desk::new();
    desk.write("home/project/.env", SETTINGS);
    desk.write("home/project/.env.local", "token and nothing else\n");
    let hint = |file: &str| {
        let why = desk.pinfold(["why", "read", file]).run().ends_with(1).text();
        why.lines().find_map(|line| line.strip_prefix(" hint: ")).expect("a hint").to_owned()
    };
    assert!(hint(".env").starts_with("run with --mask ./.env, or add \"./.env\" to files.mask in "));
    assert!(hint(".env").contains("; for its values too, run with --deny '!./.env', or add "));
    assert!(!hint(".env.local").contains("--mask"), "it cannot be masked");
    assert_eq!(desk.inside_with(&["--mask", "./.env"], "cat .env").text(), MASKED.trim_end());
}

#[test]
fn the_users_policy_masks_what_is_denied_by_default_and_says_so() {
    let desk = Desk::new();
    desk.write("home/project/.env", SETTINGS);
    desk.write("home/project/deep/.env.local", "token and nothing else\n");
    desk.write("home/.config/pinfold/policy.toml", "[files]\nmask = [\".env\", \".env.*\"]\n");
    assert_eq!(desk.inside("cat .env").text(), MASKED.trim_end());
    let why = desk.pinfold(["why", "read", ".env"]).run();
    assert!(why.code() == 0 && why.text().contains("masked"), "{why}");
    assert!(why.text().contains("files.mask \".env\"") && why.text().contains("policy.toml:2 (user)"), "{why}");
    assert_eq!(desk.pinfold(["why", "write", ".env"]).run().code(), 1);
    let plan = desk.pinfold(["plan"]).run();
    assert!(plan.text().lines().any(|line| line.trim_start().starts_with("masked") && line.ends_with("/.env")));
    assert!(!desk.pinfold(["plan", "--json"]).run().text().contains("hunter2"));
    // What cannot be masked stays hidden, and that is said.
    let other = desk.inside("cat deep/.env.local");
    assert!(other.code() != 0 && !other.text().contains("token"), "{other}");
    assert!(other.stderr.contains("deep/.env.local cannot be masked and is hidden: line 1"), "{other}");
    let why = desk.pinfold(["why", "read", "deep/.env.local"]).run();
    assert!(why.code() == 1 && why.text().contains("so it is hidden"), "{why}");
}

#[test]
fn a_value_that_is_a_secret_of_the_policy_has_its_placeholder() {
    let desk = Desk::new();
    desk.write("home/project/.env", "TOKEN=hunter2\nQUOTED='hunter2'\nOTHER=hunter2-and-more\n");
    desk.write(
        "home/.config/pinfold/policy.toml",
        "files.mask = ['.env']\nnetwork.mode = 'rules'\n[secrets.robot]\nfrom = { command = ['/bin/echo', 'hunter2'] }\n\
         hosts = ['api.example.com']\nin = 'header:Authorization'\nenv = 'ROBOT'\n",
    );
    let run =
        desk.inside(". ./.env; test \"$TOKEN\" = \"$ROBOT\" && test \"$QUOTED\" = \"$ROBOT\" && echo $ROBOT $OTHER");
    let said = run.ok();
    assert!(said.starts_with("pinfold-robot-") && said.ends_with(" pinfold-masked-OTHER"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_project_masks_what_is_visible_and_unhides_nothing() {
    let desk = Desk::new();
    desk.write("home/project/.env", SETTINGS);
    desk.write("home/project/dev.settings", SETTINGS);
    desk.write("home/project/pinfold.toml", "[files]\nmask = [\".env\", \"dev.settings\"]\n");
    let run = desk.inside("cat dev.settings; cat .env");
    assert_eq!(run.text(), MASKED.trim_end());
    assert!(run.code() != 0, "{run}");
    let why = desk.pinfold(["why", "read", ".env"]).run();
    assert!(why.code() == 1 && why.text().contains("@secrets"), "{why}");
}
