//! Events as CloudEvents 1.0, in the JSON format.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};

use super::event::{Commit, Event};
use crate::authorize::PrincipalName;
use crate::limits::MAX_FIRST_TIME;
use crate::time::{Timestamp, Utc};

/// The start of the `type` of an event, unless the host gives its own.
const TYPE_PREFIX: &str = "dev.entitle";

/// The source of a host's events in the form of [CloudEvents 1.0](https://cloudevents.io), as message brokers and
/// webhooks take them.
///
/// ```
/// # #[cfg(feature = "json")] {
/// # use entitle::{Batch, Command, Directory, Timestamp, catalog::Catalog};
/// use entitle::change::CloudEventSource;
///
/// # let directory = Directory::new(Catalog::builder().build()?);
/// let source = CloudEventSource::new("https://example.com/tenants/acme")?;
/// let plan = directory.plan(Batch::host(Timestamp::EPOCH).by("setup").add(Command::add_group("data")))?;
/// let commit = plan.commit().unwrap();
/// let event = serde_json::to_value(source.events(&commit).next().unwrap())?;
/// assert_eq!((event["id"].as_str(), event["type"].as_str()), (Some("1/0"), Some("dev.entitle.group_added")));
/// assert_eq!((event["subject"].as_str(), event["time"].as_str()), (Some("group:data"), Some("1970-01-01T00:00:00Z")));
/// assert_eq!(event["data"]["by"], "setup");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudEventSource {
    uri: String,
    type_prefix: String,
}

/// An error of the host's texts in [`CloudEventSource`].
///
/// ```
/// use entitle::change::CloudEventSource;
///
/// let error = CloudEventSource::new("our server").unwrap_err();
/// assert_eq!(error.to_string(), "`our server` is not a URI reference");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloudEventError {
    /// The source is empty or has a character that no URI reference has.
    #[error("`{text}` is not a URI reference")]
    Source {
        /// The rejected text.
        text: String,
    },
    /// The prefix is not a reversed domain name.
    #[error("`{text}` is not a prefix of types: expected words of letters, digits or `-`, separated by `.`")]
    TypePrefix {
        /// The rejected text.
        text: String,
    },
}

impl CloudEventSource {
    /// Creates a source of a URI, such as `https://example.com/tenants/acme`.
    ///
    /// Consumers know an event by its source and id, and an id is unique in one journal: give each tenant, and each
    /// history, a URI of its own.
    ///
    /// # Errors
    ///
    /// [`CloudEventError::Source`] if the text is empty or has a character that no URI has. Its scheme and parts are not
    /// examined.
    pub fn new(uri: &str) -> Result<Self, CloudEventError> {
        if !is_uri_reference(uri) {
            return Err(CloudEventError::Source { text: uri.to_owned() });
        }
        Ok(Self { uri: uri.to_owned(), type_prefix: TYPE_PREFIX.to_owned() })
    }

    /// Sets the start of the types to a reversed domain name of the host; the default is `dev.entitle`.
    ///
    /// # Errors
    ///
    /// [`CloudEventError::TypePrefix`] if the text is not words of letters, digits or `-`, separated by `.`.
    ///
    /// ```
    /// use entitle::change::CloudEventSource;
    ///
    /// let source = CloudEventSource::new("/tenants/acme")?.type_prefix("com.example.access")?;
    /// # assert!(source.type_prefix("com..example").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn type_prefix(mut self, prefix: &str) -> Result<Self, CloudEventError> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !prefix.split('.').all(is_word) {
            return Err(CloudEventError::TypePrefix { text: prefix.to_owned() });
        }
        prefix.clone_into(&mut self.type_prefix);
        Ok(self)
    }

    /// Returns the events of a commit as CloudEvents, in order.
    ///
    /// The events of one commit belong together, and their order is that of the ids. A host that sends them one by one
    /// may send some of them twice after a crash; they have the same id then.
    pub fn events<'a>(&'a self, commit: &'a Commit) -> impl Iterator<Item = CloudEvent<'a>> {
        let events = (0_u64..).zip(&commit.events);
        events.map(move |(index, event)| CloudEvent { source: self, commit, index, event })
    }
}

/// One event of a commit as a CloudEvent, from [`CloudEventSource::events`].
///
/// It is serialized as the JSON format in structured mode (`application/cloudevents+json`); a list of them is the batch
/// mode (`application/cloudevents-batch+json`). Its attributes:
///
/// | attribute | value |
/// |---|---|
/// | `specversion` | `1.0` |
/// | `id` | the revision and the index of the event in its commit from 0, such as `7/0` |
/// | `source` | the host's URI |
/// | `type` | the prefix and the [name](Event::name) of the event, such as `dev.entitle.user_suspended` |
/// | `subject` | the first of the [subjects](Event::subjects), such as `user:ada` |
/// | `time` | the time of the commit by RFC 3339; absent after the year 9999, which that form does not write |
/// | `datacontenttype` | `application/json` |
/// | `data` | an object of `revision`, `as` (absent for the host), `by` (absent if empty) and the `event` as it is stored |
///
/// The standard forbids noncharacters of Unicode, such as U+FFFE, in attributes: in `subject` they are written as
/// `\u{fffe}`. The `data` has every name as it is. Intermediaries need not forward more than 64 KiB; an event of very many
/// names, such as that of a user with hundreds of keys, may be larger.
#[derive(Clone, Copy, Debug)]
pub struct CloudEvent<'a> {
    source: &'a CloudEventSource,
    commit: &'a Commit,
    index: u64,
    event: &'a Event,
}

impl CloudEvent<'_> {
    /// Returns the `id`, such as `7/0`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.commit.revision, self.index)
    }

    /// Returns the `type`, such as `dev.entitle.user_suspended`.
    #[must_use]
    pub fn type_name(&self) -> String {
        format!("{}.{}", self.source.type_prefix, self.event.name())
    }

    /// Returns the `subject`, such as `user:ada`; `None` if an event that was not planned names an empty resource.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        let subject = self.event.subjects().next()?.to_string();
        (!subject.is_empty()).then(|| in_allowed_characters(&subject))
    }

    /// Returns the `time`; `None` after the year 9999.
    #[must_use]
    pub fn time(&self) -> Option<String> {
        rfc3339(self.commit.at)
    }
}

impl serde::Serialize for CloudEvent<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Attributes<'a> {
            specversion: &'a str,
            id: String,
            source: &'a str,
            r#type: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            subject: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            time: Option<String>,
            datacontenttype: &'a str,
            data: Data<'a>,
        }
        #[derive(serde::Serialize)]
        struct Data<'a> {
            revision: u64,
            #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
            actor: Option<&'a PrincipalName>,
            #[serde(skip_serializing_if = "str::is_empty")]
            by: &'a str,
            event: &'a Event,
        }
        let Commit { revision, at: _, actor, by, events: _ } = self.commit;
        let attributes = Attributes {
            specversion: "1.0",
            id: self.id(),
            source: &self.source.uri,
            r#type: self.type_name(),
            subject: self.subject(),
            time: self.time(),
            datacontenttype: "application/json",
            data: Data { revision: *revision, actor: actor.as_ref(), by, event: self.event },
        };
        attributes.serialize(serializer)
    }
}

/// Returns `true` for a text of the characters of RFC 3986 that is not empty, with whole escapes and one `#` at most.
fn is_uri_reference(text: &str) -> bool {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default();
    let is_escape = |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    let of_uri = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte);
    !text.is_empty()
        && first.bytes().all(of_uri)
        && parts.all(|part| is_escape(part) && part.bytes().all(of_uri))
        && text.matches('#').count() <= 1
}

/// Writes a time as RFC 3339 does, which has four digits for a year.
fn rfc3339(at: Timestamp) -> Option<String> {
    (at <= MAX_FIRST_TIME).then(|| format!("{}Z", Utc(at)).replacen(' ', "T", 1))
}

/// Writes the characters that an attribute may not have as numbers: controls and the noncharacters of Unicode.
fn in_allowed_characters(text: &str) -> String {
    let is_noncharacter =
        |point: u32| matches!(point, 0xfdd0..=0xfdef) || matches!(point & 0xffff, 0xfffe | 0xffff);
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_noncharacter(u32::from(character)) {
            written.extend(character.escape_unicode());
        } else {
            written.push(character);
        }
    }
    written
}
