//! Text for people, in which characters that cannot be seen are marked.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write};

/// Returns `true` for a character that cannot be seen or that changes how the text around it is read: control and format
/// characters, fillers, variation selectors and tags.
const fn is_hidden(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Returns `true` if all characters are visible ones of ASCII, as in almost every text: bytes are compared faster.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Returns the text with every hidden character written as its number, such as `\u{202e}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.contains(is_hidden) {
        return text.into();
    }
    let mut marked = String::with_capacity(text.len().saturating_mul(2));
    for character in text.chars() {
        if is_hidden(character) {
            marked.extend(character.escape_unicode());
        } else {
            marked.push(character);
        }
    }
    marked.into()
}

/// A writer that marks hidden characters, line feeds excepted: it writes whole texts of several lines.
pub(crate) struct Visible<'a, 'f>(pub(crate) &'a mut fmt::Formatter<'f>);

impl Write for Visible<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if is_plain(text) {
            return self.0.write_str(text);
        }
        for part in text.split_inclusive('\n') {
            let (line, end) = part.strip_suffix('\n').map_or((part, ""), |line| (line, "\n"));
            self.0.write_str(&visible(line))?;
            self.0.write_str(end)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_marked() {
        assert_eq!(visible("ada"), "ada");
        assert_eq!(visible("Zoë 名前 ❤"), "Zoë 名前 ❤");
        assert_eq!(visible("a\u{202e}b"), "a\\u{202e}b");
        let hidden = "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200b}\u{200c}\u{200d}\
                      \u{200e}\u{200f}\u{feff}\u{ad}\u{61c}\u{2028}\u{2060}\u{3164}\u{fe0f}\u{e0041}\u{e0100}\t\r\u{85}";
        for character in hidden.chars() {
            assert_eq!(
                visible(character.encode_utf8(&mut [0; 4])),
                alloc::format!("{}", character.escape_unicode())
            );
        }
    }

    #[test]
    fn only_line_feeds_are_written_as_they_are() {
        struct Shown(&'static str);
        impl fmt::Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Visible(f).write_str(self.0)
            }
        }
        assert_eq!(alloc::format!("{}", Shown("one\ntwo\u{200b}\r\n\n")), "one\ntwo\\u{200b}\\u{d}\n\n");
    }
}
