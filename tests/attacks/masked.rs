//! Getting at the values of a masked file. Each attack reads keys; what it must not bring home is the value.

use pinfold_tests::{Attack, Scene};

const ENV: &str = "home/project/.env";
const MASK: &str = "--mask .env";

/// Settings in every form that there is, with the secret as each value.
fn settings(secret: &str) -> String {
    format!(
        "# settings\nPLAIN={secret}\nexport SPACED = {secret} # {secret}\nDOUBLE=\"a\\\"{secret}\" # quoted\n\
         SINGLE='{secret}'\nTICKS=`{secret}`\nMANY=\"-----BEGIN KEY-----\n{secret}\n\n{secret}\n-----END KEY-----\"\n\
         #OLD={secret}\n# https://example.com/?key={secret}\nJSON={{\"key\":\"{secret}\"}}\nEMPTY=\n"
    )
}

fn is_written(scene: &Scene, path: &str) {
    scene.write(path, settings(scene.secret()));
}

/// The script brings home what it can of a masked file.
fn unmasks(script: &str) -> Attack {
    Attack::sh(script).before(|scene| is_written(scene, ENV)).flags(MASK).robs()
}

#[test]
fn a_value_is_read() {
    unmasks(r#"cat .env > "$LOOT""#).is_contained();
}

#[test]
fn a_value_is_looked_for_in_all_that_can_be_read() {
    unmasks(
        r#"
        places="$HOME $PWD /tmp /var /run /dev/shm /.pinfold /etc /opt /srv /mnt /home"
        # Lines with secrets alone, as gigabytes would get into the way of others.
        timeout 20 find $places -xdev -type f ! -path "$LOOT" -size -4M -exec grep -ahs secret- {} + > "$LOOT" 2> /dev/null
        timeout 20 find $places -type f ! -path "$LOOT" -size -4M -exec grep -ahs secret- {} + >> "$LOOT" 2> /dev/null
        for number in 0 1 2 3 4 5 6 7 8 9; do cat "/.pinfold/$number"; done >> "$LOOT" 2> /dev/null
        timeout 2 cat /proc/*/environ /proc/*/cmdline /proc/*/mountinfo /proc/*/fd/* >> "$LOOT" 2> /dev/null < /dev/null
        true"#,
    )
    // So that the control disturbs nobody else's pipes.
    .control_launcher(r#"exec unshare --user --map-root-user --pid --fork --kill-child --mount-proc "$@""#)
    .is_contained();
}

#[test]
fn a_value_is_read_under_another_name() {
    unmasks(r#"ln .env plain; cat plain > "$LOOT""#).is_contained();
    unmasks(r#"mv .env plain; cat plain > "$LOOT""#).is_contained();
    unmasks(r#"cp -a . ../copy 2> /dev/null || cp -a .env copy; cat copy ../copy/.env > "$LOOT""#).is_contained();
    unmasks(r#"cat settings > "$LOOT""#).before(|scene| scene.link(".env", "home/project/settings")).is_contained();
}

#[test]
fn a_value_is_read_where_the_masked_file_is_a_link() {
    Attack::sh(r#"cat .env config/real > "$LOOT""#)
        .before(|scene| is_written(scene, "home/project/config/real"))
        .before(|scene| scene.link("config/real", ENV))
        .flags(MASK)
        .robs()
        .is_contained();
}

#[test]
fn a_value_is_read_from_the_descriptor_of_the_directory() {
    Attack::python("fd = os.open('.', os.O_PATH)\nloot(os.read(os.open('.env', os.O_RDONLY, dir_fd=fd), 9999))")
        .before(|scene| is_written(scene, ENV))
        .flags(MASK)
        .robs()
        .is_contained();
}

#[test]
fn a_value_is_read_by_the_next_run() {
    let read = |scene: &Scene| {
        scene.run(&scene.sh(r#"cat x/.env x/settings >> "$LOOT""#), &["--mask config/settings".into()]);
    };
    Attack::sh("mv config x")
        .before(|scene| is_written(scene, "home/project/config/settings"))
        .flags("--mask config/settings")
        .after(read)
        .robs()
        .is_contained();
}

#[test]
fn a_file_that_has_no_keys_is_read() {
    for text in
        ["a token and nothing else:\nSECRET\n", "SECRET=\n", "key: SECRET\n", "A='SECRET\n", "A=b\\\nSECRET=c\n"]
    {
        let write = |scene: &Scene| scene.write(ENV, text.replace("SECRET", scene.secret()));
        Attack::sh(r#"cat .env > "$LOOT""#).before(write).flags(MASK).robs().is_contained();
    }
}

#[test]
fn keys_of_a_file_elsewhere_are_read_through_a_link_that_is_masked() {
    Attack::sh(r#"cat .env > "$LOOT""#)
        .before(|scene| scene.write("home/other/.env", format!("{}=value\n", scene.secret())))
        .before(|scene| scene.link("../other/.env", ENV))
        .flags(MASK)
        .robs()
        .is_contained();
}

#[test]
fn a_masked_file_is_changed() {
    Attack::sh(r#"echo MORE=1 >> .env; sed -i s/PLAIN/OTHER/ .env; rm -f .env; mv .env x; : > .env; chmod 777 .env"#)
        .before(|scene| is_written(scene, ENV))
        .flags(MASK)
        .harms(ENV)
        .is_contained();
}
