# What `vip-switch iam-policy` prints for the config that the nodes create.
locals {
  policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadRoutes"
        Effect   = "Allow"
        Action   = "ec2:DescribeRouteTables"
        Resource = "*"
      },
      {
        Sid       = "MoveRoutesByTags"
        Effect    = "Allow"
        Action    = "ec2:ReplaceRoute"
        Resource  = "${local.arn}:route-table/*"
        Condition = { StringEquals = { "aws:ResourceTag/vip-switch" = var.route_tables } }
      },
      {
        Sid       = "CreateMissingRoutesByTags"
        Effect    = "Allow"
        Action    = "ec2:CreateRoute"
        Resource  = "${local.arn}:route-table/*"
        Condition = { StringEquals = { "aws:ResourceTag/vip-switch" = var.route_tables } }
      },
      {
        Sid      = "ReadInterfaces"
        Effect   = "Allow"
        Action   = "ec2:DescribeNetworkInterfaces"
        Resource = "*"
      },
      {
        Sid      = "ReadInstances"
        Effect   = "Allow"
        Action   = "ec2:DescribeInstances"
        Resource = "*"
      },
      {
        Sid      = "PublishClaims"
        Effect   = "Allow"
        Action   = "ec2:CreateTags"
        Resource = "${local.arn}:network-interface/*"
        Condition = {
          "ForAllValues:StringEquals" = { "aws:TagKeys" = "vip-switch:${var.cluster}:VI_1" }
          Null                        = { "aws:TagKeys" = "false" }
        }
      },
      {
        Sid      = "Pin"
        Effect   = "Allow"
        Action   = ["ec2:CreateTags", "ec2:DeleteTags"]
        Resource = "${local.arn}:network-interface/*"
        Condition = {
          "ForAllValues:StringEquals" = { "aws:TagKeys" = "vip-switch-pin:${var.cluster}:VI_1" }
          Null                        = { "aws:TagKeys" = "false" }
        }
      },
      {
        Sid      = "Diagnose"
        Effect   = "Allow"
        Action   = ["ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:DescribeNetworkAcls"]
        Resource = "*"
      },
    ]
  }
}
