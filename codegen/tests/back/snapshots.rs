//! The PTX of every fixture, for people to read.

use crate::fixtures;

#[test]
fn ptx_of_every_fixture() {
    for fixture in fixtures::all() {
        let kernel = fixture.specialise();
        insta::with_settings!({
            description => format!("{} for {:?}", fixture.name, fixture.parameters),
            omit_expression => true,
            prepend_module_to_snapshot => false,
        }, {
            insta::assert_snapshot!(fixture.name, kernel.ptx.to_string());
        });
    }
}

#[test]
fn output_is_the_same_every_time() {
    for fixture in fixtures::all() {
        assert_eq!(
            fixture.specialise().ptx.to_string(),
            fixture.specialise().ptx.to_string(),
            "{}",
            fixture.name
        );
    }
}

#[test]
fn output_is_canonical_text() {
    for fixture in fixtures::all() {
        let text = fixture.specialise().ptx.to_string();
        assert_eq!(crossdock_ptx::parse(&text).unwrap().to_string(), text, "{}", fixture.name);
    }
}
