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
CREATE TABLE "retail"."offers" (
	"_country" VARCHAR NOT NULL,
	"shop" VARCHAR NOT NULL,
	"number" BIGINT NOT NULL,
	"small" SMALLINT,
	"whole" INTEGER,
	"ratio" DOUBLE,
	"price" NUMERIC(18, 4),
	"exact" VARCHAR,
	"ref" UUID,
	"created_at" TIMESTAMP WITH TIME ZONE,
	"updated_at" TIMESTAMP WITH TIME ZONE,
	"day" DATE,
	"active" BOOLEAN,
	"Extra" JSON,
	"picture" BYTEA,
	"tags" VARCHAR[],
	"_synced_at" TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY ("_country", "shop", "number")
);

-- the stage
CREATE TEMPORARY TABLE _focus_base (
	"shop" VARCHAR NOT NULL,
	"number" BIGINT NOT NULL,
	"small" SMALLINT,
	"whole" INTEGER,
	"ratio" DOUBLE,
	"price" NUMERIC(18, 4),
	"exact" VARCHAR,
	"ref" UUID,
	"created_at" TIMESTAMP WITH TIME ZONE,
	"updated_at" TIMESTAMP WITH TIME ZONE,
	"day" DATE,
	"active" BOOLEAN,
	"Extra" JSON,
	"picture" BYTEA,
	"tags" VARCHAR[],
	_focus_deleted BOOLEAN DEFAULT false NOT NULL,
	_focus_arrival BIGINT
);

-- its key
CREATE UNIQUE INDEX _focus_base_key ON _focus_base ("shop", "number");

-- full: compare
SELECT (SELECT count(*) AS count_1
FROM "retail"."offers"
WHERE "retail"."offers"."_country" = $1) AS anon_1, count(*) AS count_2, count(pairs.partner) AS count_3, count(pairs.different) AS count_4
FROM (SELECT _focus_base."shop" AS partner, CASE WHEN (_focus_base."shop" IS NOT NULL AND ("retail"."offers"."small" IS DISTINCT FROM _focus_base."small" OR "retail"."offers"."whole" IS DISTINCT FROM _focus_base."whole" OR "retail"."offers"."ratio" IS DISTINCT FROM _focus_base."ratio" OR "retail"."offers"."price" IS DISTINCT FROM _focus_base."price" OR "retail"."offers"."exact" IS DISTINCT FROM _focus_base."exact" OR "retail"."offers"."ref" IS DISTINCT FROM _focus_base."ref" OR "retail"."offers"."created_at" IS DISTINCT FROM _focus_base."created_at" OR "retail"."offers"."updated_at" IS DISTINCT FROM _focus_base."updated_at" OR "retail"."offers"."day" IS DISTINCT FROM _focus_base."day" OR "retail"."offers"."active" IS DISTINCT FROM _focus_base."active" OR "retail"."offers"."Extra" IS DISTINCT FROM _focus_base."Extra" OR "retail"."offers"."picture" IS DISTINCT FROM _focus_base."picture" OR "retail"."offers"."tags" IS DISTINCT FROM _focus_base."tags")) THEN $2 END AS different
FROM "retail"."offers" LEFT OUTER JOIN _focus_base ON "retail"."offers"."shop" = _focus_base."shop" AND "retail"."offers"."number" = _focus_base."number" AND NOT _focus_base._focus_deleted
WHERE "retail"."offers"."_country" = $3) AS pairs;

-- full: delete
DELETE FROM "retail"."offers" WHERE "retail"."offers"."_country" = $1 AND NOT (EXISTS (SELECT *
FROM _focus_base
WHERE "retail"."offers"."shop" = _focus_base."shop" AND "retail"."offers"."number" = _focus_base."number" AND NOT _focus_base._focus_deleted));

-- full: update
UPDATE "retail"."offers" SET "small"=_focus_base."small", "whole"=_focus_base."whole", "ratio"=_focus_base."ratio", "price"=_focus_base."price", "exact"=_focus_base."exact", "ref"=_focus_base."ref", "created_at"=_focus_base."created_at", "updated_at"=_focus_base."updated_at", "day"=_focus_base."day", "active"=_focus_base."active", "Extra"=_focus_base."Extra", "picture"=_focus_base."picture", "tags"=_focus_base."tags", "_synced_at"=CAST($1 AS TIMESTAMP WITH TIME ZONE) FROM _focus_base WHERE "retail"."offers"."_country" = $2 AND "retail"."offers"."shop" = _focus_base."shop" AND "retail"."offers"."number" = _focus_base."number" AND NOT _focus_base._focus_deleted AND ("retail"."offers"."small" IS DISTINCT FROM _focus_base."small" OR "retail"."offers"."whole" IS DISTINCT FROM _focus_base."whole" OR "retail"."offers"."ratio" IS DISTINCT FROM _focus_base."ratio" OR "retail"."offers"."price" IS DISTINCT FROM _focus_base."price" OR "retail"."offers"."exact" IS DISTINCT FROM _focus_base."exact" OR "retail"."offers"."ref" IS DISTINCT FROM _focus_base."ref" OR "retail"."offers"."created_at" IS DISTINCT FROM _focus_base."created_at" OR "retail"."offers"."updated_at" IS DISTINCT FROM _focus_base."updated_at" OR "retail"."offers"."day" IS DISTINCT FROM _focus_base."day" OR "retail"."offers"."active" IS DISTINCT FROM _focus_base."active" OR "retail"."offers"."Extra" IS DISTINCT FROM _focus_base."Extra" OR "retail"."offers"."picture" IS DISTINCT FROM _focus_base."picture" OR "retail"."offers"."tags" IS DISTINCT FROM _focus_base."tags");

-- full: insert
INSERT INTO "retail"."offers" ("_country", "shop", "number", "small", "whole", "ratio", "price", "exact", "ref", "created_at", "updated_at", "day", "active", "Extra", "picture", "tags", "_synced_at") SELECT $1 AS anon_1, _focus_base."shop", _focus_base."number", _focus_base."small", _focus_base."whole", _focus_base."ratio", _focus_base."price", _focus_base."exact", _focus_base."ref", _focus_base."created_at", _focus_base."updated_at", _focus_base."day", _focus_base."active", _focus_base."Extra", _focus_base."picture", _focus_base."tags", CAST($2 AS TIMESTAMP WITH TIME ZONE) AS anon_2
FROM _focus_base
WHERE NOT _focus_base._focus_deleted AND NOT (EXISTS (SELECT *
FROM "retail"."offers"
WHERE "retail"."offers"."_country" = $3 AND "retail"."offers"."shop" = _focus_base."shop" AND "retail"."offers"."number" = _focus_base."number"));

-- delta: delete
DELETE FROM "retail"."offers" WHERE "retail"."offers"."_country" = $1 AND ("retail"."offers"."shop", "retail"."offers"."number") IN (SELECT _focus_base."shop", _focus_base."number"
FROM _focus_base
WHERE _focus_base._focus_deleted);

-- delta: update
UPDATE "retail"."offers" SET "small"=_focus_base."small", "whole"=_focus_base."whole", "ratio"=_focus_base."ratio", "price"=_focus_base."price", "exact"=_focus_base."exact", "ref"=_focus_base."ref", "created_at"=_focus_base."created_at", "updated_at"=_focus_base."updated_at", "day"=_focus_base."day", "active"=_focus_base."active", "Extra"=_focus_base."Extra", "picture"=_focus_base."picture", "tags"=_focus_base."tags", "_synced_at"=CAST($1 AS TIMESTAMP WITH TIME ZONE) FROM _focus_base WHERE "retail"."offers"."_country" = $2 AND "retail"."offers"."shop" = _focus_base."shop" AND "retail"."offers"."number" = _focus_base."number" AND NOT _focus_base._focus_deleted AND ("retail"."offers"."small" IS DISTINCT FROM _focus_base."small" OR "retail"."offers"."whole" IS DISTINCT FROM _focus_base."whole" OR "retail"."offers"."ratio" IS DISTINCT FROM _focus_base."ratio" OR "retail"."offers"."price" IS DISTINCT FROM _focus_base."price" OR "retail"."offers"."exact" IS DISTINCT FROM _focus_base."exact" OR "retail"."offers"."ref" IS DISTINCT FROM _focus_base."ref" OR "retail"."offers"."created_at" IS DISTINCT FROM _focus_base."created_at" OR "retail"."offers"."updated_at" IS DISTINCT FROM _focus_base."updated_at" OR "retail"."offers"."day" IS DISTINCT FROM _focus_base."day" OR "retail"."offers"."active" IS DISTINCT FROM _focus_base."active" OR "retail"."offers"."Extra" IS DISTINCT FROM _focus_base."Extra" OR "retail"."offers"."picture" IS DISTINCT FROM _focus_base."picture" OR "retail"."offers"."tags" IS DISTINCT FROM _focus_base."tags") AND (coalesce(greatest(_focus_base."created_at", _focus_base."updated_at"), '-infinity'::timestamptz) >= coalesce(greatest("retail"."offers"."created_at", "retail"."offers"."updated_at"), '-infinity'::timestamptz) OR coalesce(greatest("retail"."offers"."created_at", "retail"."offers"."updated_at"), '-infinity'::timestamptz) > CAST($3 AS TIMESTAMP WITH TIME ZONE));

-- delta: insert
INSERT INTO "retail"."offers" ("_country", "shop", "number", "small", "whole", "ratio", "price", "exact", "ref", "created_at", "updated_at", "day", "active", "Extra", "picture", "tags", "_synced_at") SELECT $1 AS anon_1, _focus_base."shop", _focus_base."number", _focus_base."small", _focus_base."whole", _focus_base."ratio", _focus_base."price", _focus_base."exact", _focus_base."ref", _focus_base."created_at", _focus_base."updated_at", _focus_base."day", _focus_base."active", _focus_base."Extra", _focus_base."picture", _focus_base."tags", CAST($2 AS TIMESTAMP WITH TIME ZONE) AS anon_2
FROM _focus_base
WHERE NOT _focus_base._focus_deleted AND NOT (EXISTS (SELECT *
FROM "retail"."offers"
WHERE "retail"."offers"."_country" = $3 AND "retail"."offers"."shop" = _focus_base."shop" AND "retail"."offers"."number" = _focus_base."number"));

-- count
SELECT count(*) AS count_1
FROM "retail"."offers"
WHERE "retail"."offers"."_country" = $1;

-- a view
DROP VIEW IF EXISTS "retail"."offers__numeric";

-- a view
CREATE VIEW "retail"."offers__numeric" AS SELECT "retail"."offers"."_country", "retail"."offers"."shop", "retail"."offers"."number", "retail"."offers"."small", "retail"."offers"."whole", "retail"."offers"."ratio", "retail"."offers"."price", CAST("retail"."offers"."exact" AS DOUBLE) AS "exact", "retail"."offers"."ref", "retail"."offers"."created_at", "retail"."offers"."updated_at", "retail"."offers"."day", "retail"."offers"."active", "retail"."offers"."Extra", "retail"."offers"."picture", "retail"."offers"."tags", "retail"."offers"."_synced_at"
FROM "retail"."offers";
