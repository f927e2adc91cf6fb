-- Forget windows that are over.
-- Writes kernel_throttle (local). Relies on kernel_throttle_by_window.
DELETE FROM kernel_throttle WHERE window_starts_at < %(before)s
