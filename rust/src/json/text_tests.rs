use super::*;

fn skips(text: &str) -> bool {
    let mut text = Text::new(text.as_bytes());
    text.skip().and_then(|()| text.end()).is_ok()
}

#[test]
fn only_json_is_passed_over() {
    for text in [
        "0",
        "-0.5e+10",
        "true",
        "null",
        "\"\"",
        "[]",
        "{}",
        " [1, {\"a\" : [null , {}]} ,\"\\u00e9\\n\"]\r\n",
        "{\"a\":{\"b\":[[],[{}]]},\"c\":1}",
        "\"\u{1f600}\"",
    ] {
        assert!(skips(text), "{text}");
    }
    for text in [
        "",
        " ",
        "01",
        "1.",
        ".5",
        "-",
        "1e",
        "+1",
        "NaN",
        "tru",
        "nul",
        "\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "[}",
        "{]",
        "[1}",
        "1 1",
        "'a'",
        "[1]]",
    ] {
        assert!(!skips(text), "{text}");
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{}1{}", "[{\"a\":".repeat(200_000), "}]".repeat(200_000));
    assert!(skips(&deep));
    assert!(!skips(&"[".repeat(1_000_000)));
}

#[test]
fn the_special_character_is_found_at_every_position() {
    for length in 0..40 {
        for special in [b'"', b'\\', 0x1f, 0] {
            for at in 0..length {
                let mut text = vec![b'!'; length];
                text[at] = special;
                assert_eq!(plain_length(&text), at);
            }
        }
        assert_eq!(plain_length(&vec![0xff; length]), length);
        assert_eq!(plain_length(&vec![b'#'; length]), length);
    }
}

#[test]
fn strings_are_unescaped() {
    let cases = [
        (r#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz", 0),
        (r#""\u0041\u00e9\u0000""#, "A\u{e9}\0", 0),
        (r#""\ud83d\uDE00!""#, "\u{1f600}!", 0),
        (r#""\ud83d!""#, "\u{fffd}!", 1),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}", 2),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}", 1),
        (r#""\ud83d\u0041""#, "\u{fffd}A", 1),
    ];
    for (input, expected, replaced) in cases {
        let mut text = Text::new(input.as_bytes());
        assert_eq!(
            text.string_value("name").unwrap(),
            expected.as_bytes(),
            "{input}"
        );
        assert_eq!(text.replaced, replaced, "{input}");
    }
}
