//! Spans and events of the feature `tracing`; without it they are nothing.

/// Enters a span until the end of the block.
macro_rules! span {
    ($name:literal $(, $field:ident = $value:expr)*) => {
        #[cfg(feature = "tracing")]
        let _span = tracing::debug_span!(target: "entitle", $name $(, $field = $value)*).entered();
    };
}

/// Records an event.
macro_rules! event {
    ($level:ident, $($message:tt)+) => {
        #[cfg(feature = "tracing")]
        tracing::event!(target: "entitle", tracing::Level::$level, $($message)+);
    };
}
