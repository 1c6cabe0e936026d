-- The slowest service routine of each driver and card over a folder of traces, and where it is.
-- duckdb -c "$(cat slowest-isr.sql)" in the folder with the .parquet files.
SELECT machine,
       count(*)                        AS interrupts,
       max(duration_ns)                AS slowest_ns,
       arg_max(time_ns, duration_ns)   AS at_ns,
       arg_max(filename, duration_ns)  AS in_file
FROM read_parquet('*.parquet', filename = true)
WHERE kind = 'call' AND actor = 'isr' AND duration_ns IS NOT NULL
GROUP BY machine
ORDER BY slowest_ns DESC, machine;
