-- Every closed day in the order of its chain.
SELECT
    region_code, channel_code, place, day_on, version_no, collected_fen, fee_fen, explained_fen,
    encode(link_hash, 'hex')
FROM reconciliation_day
ORDER BY region_code, channel_code, place
