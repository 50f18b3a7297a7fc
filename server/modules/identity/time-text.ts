/** RFC 3339 in UTC with six digits, made by the database: the libraries need the driver's Date, which drops microseconds. @param column SQL, never data */
export const timeText = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
