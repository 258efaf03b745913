-- 1,200 made-up places: three pages of 500.
CREATE TABLE places (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    population INTEGER,
    area_km2 REAL,
    founded TEXT
);

WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)
INSERT INTO places
SELECT n, 'Place ' || n, CASE WHEN n % 7 THEN n * 1031 END, n * 0.5 + 0.25, date('1200-01-01', '+' || (n * 211) || ' days')
FROM numbers;
