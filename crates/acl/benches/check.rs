//! How many decisions a second, over a list as files in a workspace have it.
//!
//! ```text
//! cargo bench -p pinfold-acl
//! ```

use std::hint::black_box;
use std::time::Instant;

use pinfold_acl::{Access, Ace, Acl, Descriptor, Group, Inherit, Restriction, Sid, Token, check};

const CHECKS: u32 = 2_000_000;

fn main() {
    let sid = |number: u32| Sid::new(5, &[21, 1, 2, 3, number]).expect("an identifier");
    let entries = (0..6).flat_map(|number| {
        let (writes, all) = (Access::FILE_GENERIC_WRITE, Access::FILE_ALL);
        [Ace::deny(sid(100 + number), writes, Inherit::ALL), Ace::allow(sid(200 + number), all, Inherit::ALL)]
    });
    let own = [Ace::allow(sid(7), Access::FILE_ALL, Inherit::ALL), Ace::allow(sid(1), Access::FILE_ALL, Inherit::ALL)];
    let file = Descriptor::new(sid(1), sid(2), Some(Acl::canonical(entries.chain(own))));
    let groups = (10..26).map(|number| Group::enabled(sid(number)));
    let token = groups.fold(Token::new(sid(1)), Token::with_group);
    let token = token.restricted_about([sid(7), sid(8), Sid::EVERYONE], Restriction::WRITES_AT_MOST);
    for (what, wanted) in
        [("reading", Access::GENERIC_READ), ("writing", Access::GENERIC_WRITE), ("all", Access::FILE_ALL)]
    {
        let begun = Instant::now();
        let granted = (0..CHECKS).filter(|_| check(black_box(&token), black_box(&file), wanted).is_ok()).count();
        let rate = f64::from(CHECKS) / begun.elapsed().as_secs_f64() / 1e6;
        println!("{what}: {rate:.1} million decisions a second, granted {granted} of {CHECKS}");
    }
}
