-- The channels of which days were closed. Relies on reconciliation_day_place.
SELECT DISTINCT channel_code FROM reconciliation_day WHERE region_code = %(region_code)s ORDER BY channel_code
