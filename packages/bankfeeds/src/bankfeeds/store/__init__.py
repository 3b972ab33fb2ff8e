"""The only SQL: functions take a Read or a Write first."""
