-- _focus_ledger
CREATE TABLE _focus_ledger (
	source TEXT NOT NULL,
	resource TEXT NOT NULL,
	partition TEXT NOT NULL,
	service TEXT,
	generation BIGINT,
	rows BIGINT,
	verdict TEXT,
	load TEXT,
	watermark TEXT,
	as_of TEXT,
	digest TEXT,
	total_items BIGINT,
	quarantined BIGINT,
	server_time TEXT,
	full_at TEXT,
	proven_at TEXT,
	schema TEXT,
	schema_hash TEXT,
	key_hash TEXT,
	config_hash TEXT,
	run_id TEXT,
	started_at TEXT,
	finished_at TEXT,
	PRIMARY KEY (source, resource, partition)
);

-- _focus_rejects
CREATE TABLE _focus_rejects (
	source TEXT NOT NULL,
	resource TEXT NOT NULL,
	partition TEXT NOT NULL,
	row_key TEXT NOT NULL,
	keyed BOOLEAN,
	line BIGINT,
	reason TEXT,
	raw TEXT,
	seen_at TEXT,
	PRIMARY KEY (source, resource, partition, row_key)
);

-- the mirror's table
CREATE TABLE "retail__offers" (
	"_country" TEXT NOT NULL,
	"shop" TEXT NOT NULL,
	"number" BIGINT NOT NULL,
	"small" SMALLINT,
	"whole" INTEGER,
	"ratio" REAL,
	"price" TEXT,
	"exact" TEXT,
	"ref" TEXT,
	"created_at" TEXT,
	"updated_at" TEXT,
	"day" TEXT,
	"active" SMALLINT,
	"Extra" TEXT,
	"picture" BLOB,
	"tags" TEXT,
	"_synced_at" TEXT,
	PRIMARY KEY ("_country", "shop", "number")
);

-- the stage
CREATE TEMPORARY TABLE "temp"._focus_base (
	"shop" TEXT NOT NULL,
	"number" BIGINT NOT NULL,
	"small" SMALLINT,
	"whole" INTEGER,
	"ratio" REAL,
	"price" TEXT,
	"exact" TEXT,
	"ref" TEXT,
	"created_at" TEXT,
	"updated_at" TEXT,
	"day" TEXT,
	"active" SMALLINT,
	"Extra" TEXT,
	"picture" BLOB,
	"tags" TEXT,
	_focus_deleted BOOLEAN DEFAULT 0 NOT NULL
);

-- its key
CREATE UNIQUE INDEX "temp"._focus_base_key ON _focus_base ("shop", "number");

-- full: compare
SELECT (SELECT count(*) AS count_1
FROM "retail__offers"
WHERE "retail__offers"."_country" = ?) AS anon_1, count(*) AS count_2, count(pairs.partner) AS count_3, count(pairs.different) AS count_4
FROM (SELECT "temp"._focus_base."shop" AS partner, CASE WHEN ("temp"._focus_base."shop" IS NOT NULL AND ("retail__offers"."small" IS NOT "temp"._focus_base."small" OR "retail__offers"."whole" IS NOT "temp"._focus_base."whole" OR "retail__offers"."ratio" IS NOT "temp"._focus_base."ratio" OR "retail__offers"."price" IS NOT "temp"._focus_base."price" OR "retail__offers"."exact" IS NOT "temp"._focus_base."exact" OR "retail__offers"."ref" IS NOT "temp"._focus_base."ref" OR "retail__offers"."created_at" IS NOT "temp"._focus_base."created_at" OR "retail__offers"."updated_at" IS NOT "temp"._focus_base."updated_at" OR "retail__offers"."day" IS NOT "temp"._focus_base."day" OR "retail__offers"."active" IS NOT "temp"._focus_base."active" OR "retail__offers"."Extra" IS NOT "temp"._focus_base."Extra" OR "retail__offers"."picture" IS NOT "temp"._focus_base."picture" OR "retail__offers"."tags" IS NOT "temp"._focus_base."tags")) THEN ? END AS different
FROM "retail__offers" JOIN "temp"._focus_base ON "retail__offers"."shop" = (+ "temp"._focus_base."shop") AND "retail__offers"."number" = (+ "temp"._focus_base."number") AND "temp"._focus_base._focus_deleted = 0
WHERE "retail__offers"."_country" = ?) AS pairs;

-- full: delete
DELETE FROM "retail__offers" WHERE "retail__offers"."_country" = ? AND NOT (EXISTS (SELECT *
FROM "temp"._focus_base
WHERE "retail__offers"."shop" = "temp"._focus_base."shop" AND "retail__offers"."number" = "temp"._focus_base."number" AND "temp"._focus_base._focus_deleted = 0));

-- full: update
UPDATE "retail__offers" SET "small"="temp"._focus_base."small", "whole"="temp"._focus_base."whole", "ratio"="temp"._focus_base."ratio", "price"="temp"._focus_base."price", "exact"="temp"._focus_base."exact", "ref"="temp"._focus_base."ref", "created_at"="temp"._focus_base."created_at", "updated_at"="temp"._focus_base."updated_at", "day"="temp"._focus_base."day", "active"="temp"._focus_base."active", "Extra"="temp"._focus_base."Extra", "picture"="temp"._focus_base."picture", "tags"="temp"._focus_base."tags", "_synced_at"=? FROM "temp"._focus_base WHERE "retail__offers"."_country" = ? AND "retail__offers"."shop" = "temp"._focus_base."shop" AND "retail__offers"."number" = "temp"._focus_base."number" AND "temp"._focus_base._focus_deleted = 0 AND ("retail__offers"."small" IS NOT "temp"._focus_base."small" OR "retail__offers"."whole" IS NOT "temp"._focus_base."whole" OR "retail__offers"."ratio" IS NOT "temp"._focus_base."ratio" OR "retail__offers"."price" IS NOT "temp"._focus_base."price" OR "retail__offers"."exact" IS NOT "temp"._focus_base."exact" OR "retail__offers"."ref" IS NOT "temp"._focus_base."ref" OR "retail__offers"."created_at" IS NOT "temp"._focus_base."created_at" OR "retail__offers"."updated_at" IS NOT "temp"._focus_base."updated_at" OR "retail__offers"."day" IS NOT "temp"._focus_base."day" OR "retail__offers"."active" IS NOT "temp"._focus_base."active" OR "retail__offers"."Extra" IS NOT "temp"._focus_base."Extra" OR "retail__offers"."picture" IS NOT "temp"._focus_base."picture" OR "retail__offers"."tags" IS NOT "temp"._focus_base."tags");

-- full: insert
INSERT INTO "retail__offers" ("_country", "shop", "number", "small", "whole", "ratio", "price", "exact", "ref", "created_at", "updated_at", "day", "active", "Extra", "picture", "tags", "_synced_at") SELECT ? AS anon_1, "temp"._focus_base."shop", "temp"._focus_base."number", "temp"._focus_base."small", "temp"._focus_base."whole", "temp"._focus_base."ratio", "temp"._focus_base."price", "temp"._focus_base."exact", "temp"._focus_base."ref", "temp"._focus_base."created_at", "temp"._focus_base."updated_at", "temp"._focus_base."day", "temp"._focus_base."active", "temp"._focus_base."Extra", "temp"._focus_base."picture", "temp"._focus_base."tags", ? AS anon_2
FROM "temp"._focus_base
WHERE "temp"._focus_base._focus_deleted = 0 AND NOT (EXISTS (SELECT *
FROM "retail__offers"
WHERE "retail__offers"."_country" = ? AND "retail__offers"."shop" = "temp"._focus_base."shop" AND "retail__offers"."number" = "temp"._focus_base."number")) ORDER BY "temp"._focus_base."shop", "temp"._focus_base."number";

-- delta: delete
DELETE FROM "retail__offers" WHERE "retail__offers"."_country" = ? AND ("retail__offers"."shop", "retail__offers"."number") IN (SELECT "temp"._focus_base."shop", "temp"._focus_base."number"
FROM "temp"._focus_base
WHERE "temp"._focus_base._focus_deleted = 1);

-- delta: update
UPDATE "retail__offers" SET "small"="temp"._focus_base."small", "whole"="temp"._focus_base."whole", "ratio"="temp"._focus_base."ratio", "price"="temp"._focus_base."price", "exact"="temp"._focus_base."exact", "ref"="temp"._focus_base."ref", "created_at"="temp"._focus_base."created_at", "updated_at"="temp"._focus_base."updated_at", "day"="temp"._focus_base."day", "active"="temp"._focus_base."active", "Extra"="temp"._focus_base."Extra", "picture"="temp"._focus_base."picture", "tags"="temp"._focus_base."tags", "_synced_at"=? FROM "temp"._focus_base WHERE "retail__offers"."_country" = ? AND "retail__offers"."shop" = "temp"._focus_base."shop" AND "retail__offers"."number" = "temp"._focus_base."number" AND "temp"._focus_base._focus_deleted = 0 AND ("retail__offers"."small" IS NOT "temp"._focus_base."small" OR "retail__offers"."whole" IS NOT "temp"._focus_base."whole" OR "retail__offers"."ratio" IS NOT "temp"._focus_base."ratio" OR "retail__offers"."price" IS NOT "temp"._focus_base."price" OR "retail__offers"."exact" IS NOT "temp"._focus_base."exact" OR "retail__offers"."ref" IS NOT "temp"._focus_base."ref" OR "retail__offers"."created_at" IS NOT "temp"._focus_base."created_at" OR "retail__offers"."updated_at" IS NOT "temp"._focus_base."updated_at" OR "retail__offers"."day" IS NOT "temp"._focus_base."day" OR "retail__offers"."active" IS NOT "temp"._focus_base."active" OR "retail__offers"."Extra" IS NOT "temp"._focus_base."Extra" OR "retail__offers"."picture" IS NOT "temp"._focus_base."picture" OR "retail__offers"."tags" IS NOT "temp"._focus_base."tags") AND (max(coalesce("temp"._focus_base."created_at", ?), coalesce("temp"._focus_base."updated_at", ?)) >= max(coalesce("retail__offers"."created_at", ?), coalesce("retail__offers"."updated_at", ?)) OR max(coalesce("retail__offers"."created_at", ?), coalesce("retail__offers"."updated_at", ?)) > ?);

-- delta: insert
INSERT INTO "retail__offers" ("_country", "shop", "number", "small", "whole", "ratio", "price", "exact", "ref", "created_at", "updated_at", "day", "active", "Extra", "picture", "tags", "_synced_at") SELECT ? AS anon_1, "temp"._focus_base."shop", "temp"._focus_base."number", "temp"._focus_base."small", "temp"._focus_base."whole", "temp"._focus_base."ratio", "temp"._focus_base."price", "temp"._focus_base."exact", "temp"._focus_base."ref", "temp"._focus_base."created_at", "temp"._focus_base."updated_at", "temp"._focus_base."day", "temp"._focus_base."active", "temp"._focus_base."Extra", "temp"._focus_base."picture", "temp"._focus_base."tags", ? AS anon_2
FROM "temp"._focus_base
WHERE "temp"._focus_base._focus_deleted = 0 AND NOT (EXISTS (SELECT *
FROM "retail__offers"
WHERE "retail__offers"."_country" = ? AND "retail__offers"."shop" = "temp"._focus_base."shop" AND "retail__offers"."number" = "temp"._focus_base."number")) ORDER BY "temp"._focus_base."shop", "temp"._focus_base."number";

-- count
SELECT count(*) AS count_1
FROM "retail__offers"
WHERE "retail__offers"."_country" = ?;

-- a view
DROP VIEW IF EXISTS "retail__offers__numeric";

-- a view
CREATE VIEW "retail__offers__numeric" AS SELECT "retail__offers"."_country", "retail__offers"."shop", "retail__offers"."number", "retail__offers"."small", "retail__offers"."whole", "retail__offers"."ratio", CAST("retail__offers"."price" AS REAL) AS "price", CAST("retail__offers"."exact" AS REAL) AS "exact", "retail__offers"."ref", "retail__offers"."created_at", "retail__offers"."updated_at", "retail__offers"."day", "retail__offers"."active", "retail__offers"."Extra", "retail__offers"."picture", "retail__offers"."tags", "retail__offers"."_synced_at"
FROM "retail__offers";
