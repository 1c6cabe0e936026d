//! A trace as a table in Parquet, one row an event.
//!
//! DuckDB, Polars and Spark read this table. It has the columns of [`jsonl`](crate::jsonl) that a
//! query needs. Each row also has the machine and the words of the last mark, so that the rows of
//! many runs make one table. A column that does not apply to an event is null. The values are not
//! compressed, but equal values are stored once.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use portcls_emulator::trace::{Event, TraceLog};

use crate::jsonl::{Line, lines};
use crate::legend::Legend;
use crate::text::Header;
use crate::timeline::{FindingsLane, Timeline};

/// The columns, in the form of the Parquet format.
pub const SCHEMA: &str = "\
message trace {
  REQUIRED BYTE_ARRAY machine (STRING);
  REQUIRED INT64 event;
  REQUIRED INT64 time_ns;
  REQUIRED BYTE_ARRAY mark (STRING);
  REQUIRED INT64 since_mark_ns;
  REQUIRED BYTE_ARRAY level (STRING);
  REQUIRED BYTE_ARRAY actor (STRING);
  REQUIRED BYTE_ARRAY kind (STRING);
  REQUIRED BYTE_ARRAY text (STRING);
  OPTIONAL BYTE_ARRAY name (STRING);
  OPTIONAL INT64 duration_ns;
  OPTIONAL INT64 port;
  OPTIONAL INT64 value;
  OPTIONAL INT64 count;
  OPTIONAL INT64 pitch_ns;
  OPTIONAL INT64 byte;
  REQUIRED BYTE_ARRAY reason (STRING);
  OPTIONAL INT64 cause;
  REQUIRED INT64 delay_ns;
  OPTIONAL INT64 trigger;
  OPTIONAL INT64 parent;
}
";

/// The number of events in one group of rows. Only one group is in memory at a time.
const GROUP_EVENTS: usize = 1 << 19;

/// One event with the words of the last mark.
struct Row<'a> {
    mark: &'a str,
    line: Line<'a>,
}

/// Writes a section of a trace as a Parquet file. The numbers of events are those of the whole
/// trace.
///
/// # Errors
/// Any error of `to`.
pub fn write(
    log: &TraceLog,
    header: &Header,
    section: Range<usize>,
    to: &mut (impl Write + Send),
) -> io::Result<()> {
    write_file(log, header, section, to).map_err(|error| match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    })
}

fn write_file(
    log: &TraceLog,
    header: &Header,
    section: Range<usize>,
    to: &mut (impl Write + Send),
) -> Result<(), ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(to, schema, Arc::new(WriterProperties::default()))?;
    let timeline = Timeline::new(log, &Legend::default(), FindingsLane::WhenNeeded);
    let mut mark = "";
    let mut rows = Vec::new();
    for line in lines(log, &timeline) {
        if let Event::Mark(text) = timeline.tree.events[line.event].event {
            mark = log.text(text);
        }
        if !section.contains(&line.event) {
            continue;
        }
        rows.push(Row { mark, line });
        if rows.len() == GROUP_EVENTS {
            write_group(writer.next_row_group()?, &header.machine, &rows)?;
            rows.clear();
        }
    }
    write_group(writer.next_row_group()?, &header.machine, &rows)?;
    writer.close()?;
    Ok(())
}

/// Writes the columns of a group, in the order of [`SCHEMA`].
fn write_group<W: Write + Send>(
    mut group: SerializedRowGroupWriter<'_, W>,
    machine: &str,
    rows: &[Row<'_>],
) -> Result<(), ParquetError> {
    let mut columns = Columns { group: &mut group, rows };
    columns.text(|_| machine.into())?;
    columns.number(|line| line.event as i64)?;
    columns.number(|line| line.time_ns as i64)?;
    columns.text(|row| row.mark.into())?;
    columns.number(|line| line.since_mark_ns)?;
    columns.text(|row| row.line.level.into())?;
    columns.text(|row| row.line.actor.into())?;
    columns.text(|row| row.line.kind.into())?;
    columns.text(|row| row.line.text.as_str().into())?;
    columns.put::<ByteArrayType>(|row| row.line.name.map(ByteArray::from), Presence::Sometimes)?;
    columns.maybe(|line| line.duration_ns.map(|ns| ns as i64))?;
    columns.maybe(|line| line.access.as_ref().map(|access| i64::from(access.port)))?;
    columns.maybe(|line| line.access.as_ref().map(|access| i64::from(access.value)))?;
    columns.maybe(|line| line.access.as_ref().map(|access| i64::from(access.count)))?;
    columns.maybe(|line| line.access.as_ref().map(|access| i64::from(access.pitch_ns)))?;
    columns.maybe(|line| line.byte.map(i64::from))?;
    columns.text(|row| row.line.reason.name().into())?;
    columns.maybe(|line| line.cause.map(|event| event as i64))?;
    columns.number(|line| line.delay_ns)?;
    columns.maybe(|line| line.trigger.map(|event| event as i64))?;
    columns.maybe(|line| line.parent.map(i64::from))?;
    group.close()?;
    Ok(())
}

/// Whether each row has a value of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    Sometimes,
}

/// Writes one column after the other.
struct Columns<'g, 'w, 'r, W: Write + Send> {
    group: &'g mut SerializedRowGroupWriter<'w, W>,
    rows: &'r [Row<'r>],
}

impl<W: Write + Send> Columns<'_, '_, '_, W> {
    fn number(&mut self, value: impl Fn(&Line<'_>) -> i64) -> Result<(), ParquetError> {
        self.put::<Int64Type>(|row| Some(value(&row.line)), Presence::Always)
    }

    fn maybe(&mut self, value: impl Fn(&Line<'_>) -> Option<i64>) -> Result<(), ParquetError> {
        self.put::<Int64Type>(|row| value(&row.line), Presence::Sometimes)
    }

    fn text(&mut self, value: impl Fn(&Row<'_>) -> ByteArray) -> Result<(), ParquetError> {
        self.put::<ByteArrayType>(|row| Some(value(row)), Presence::Always)
    }

    fn put<T: DataType>(
        &mut self,
        value: impl Fn(&Row<'_>) -> Option<T::T>,
        presence: Presence,
    ) -> Result<(), ParquetError> {
        let mut column = self.group.next_column()?.expect("a column of the schema");
        let values: Vec<Option<T::T>> = self.rows.iter().map(value).collect();
        let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
        let levels = (presence == Presence::Sometimes).then_some(&levels[..]);
        let values: Vec<T::T> = values.into_iter().flatten().collect();
        column.typed::<T>().write_batch(&values, levels, None)?;
        column.close()
    }
}
