//! Package caches of the home: visible, and written to a layer of the sandbox's own.

use pinfold_tests::Attack;

#[test]
fn a_cached_package_is_poisoned() {
    Attack::sh(r#"echo evil > "$HOME/.cargo/registry/src/package/lib.rs"; echo evil > "$HOME/.npm/planted""#)
        .before(|scene| {
            scene.write("home/.cargo/registry/src/package/lib.rs", "honest\n");
            scene.write("home/.npm/index", "honest\n");
        })
        .harms("home/.cargo/registry/src")
        .harms("home/.npm")
        .is_contained();
}

#[test]
fn a_cached_package_is_removed() {
    Attack::sh(r#"rm -rf "$HOME/.cargo/registry/src""#)
        .before(|scene| scene.write("home/.cargo/registry/src/package/lib.rs", "honest\n"))
        .harms("home/.cargo/registry/src")
        .is_contained();
}

#[test]
fn the_mode_and_times_of_a_cached_package_are_changed() {
    Attack::sh(r#"chmod 777 "$HOME/.cargo/registry/src/lib.rs"; touch "$HOME/.cargo/registry/src/lib.rs""#)
        .before(|scene| scene.write("home/.cargo/registry/src/lib.rs", "honest\n"))
        .harms("home/.cargo/registry/src/lib.rs")
        .is_contained();
}

#[test]
fn a_hard_link_carries_a_change_into_a_cached_package() {
    Attack::sh(r#"cd "$HOME/.cargo/registry"; ln src/lib.rs mine; echo evil > mine; ln src/lib.rs "$WORKSPACE/mine" && echo evil > "$WORKSPACE/mine""#)
        .before(|scene| scene.write("home/.cargo/registry/src/lib.rs", "honest\n"))
        .harms("home/.cargo/registry/src/lib.rs")
        .is_contained();
}

#[test]
fn a_link_in_a_cache_leads_out() {
    Attack::sh(r#"echo stolen > "$HOME/.cargo/registry/way-out/README""#)
        .before(|scene| {
            scene.directory("home/.cargo/registry");
            scene.link(scene.path("elsewhere"), "home/.cargo/registry/way-out");
        })
        .harms("elsewhere")
        .is_contained();
}

#[test]
fn a_cached_package_is_changed_through_the_store_of_the_layers() {
    Attack::sh(r#"find "$HOME/.local" -name 'lib.rs' -path '*upper*' 2>/dev/null | while read f; do echo evil > "$f"; done; echo evil > "$HOME/.cargo/registry/src/lib.rs""#)
        .before(|scene| scene.write("home/.cargo/registry/src/lib.rs", "honest\n"))
        .harms("home/.cargo/registry/src/lib.rs")
        .is_contained();
}

#[test]
fn a_toolchain_is_changed() {
    Attack::sh(r#"echo evil > "$HOME/.rustup/toolchains/x/bin/rustc"; echo evil > "$HOME/.cargo/bin/cargo""#)
        .before(|scene| {
            scene.write_program("home/.rustup/toolchains/x/bin/rustc", "honest\n");
            scene.write_program("home/.cargo/bin/cargo", "honest\n");
        })
        .harms("home/.rustup")
        .harms("home/.cargo/bin")
        .is_contained();
}
